/// What is wrong with a declaration, and where: French first, English beside it, as its author reads it.
public struct DeclarationError: Error, Hashable, CustomStringConvertible {
  /// The file's name as its author gave it.
  public var file: String
  /// From 1; nil where the file as a whole is meant.
  public var line: Int?
  public var french: String
  public var english: String

  public init(file: String, line: Int?, _ french: String, _ english: String) {
    self.file = file
    self.line = line
    self.french = french
    self.english = english
  }

  /// `file:line`, as compilers and editors write it.
  public var place: String { line.map { "\(file):\($0)" } ?? file }

  public var description: String { "\(place) : \(french)\n    \(place): \(english)" }
}
