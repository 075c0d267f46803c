/// What a reader sees, in both languages.
public struct Phrase: Hashable, Sendable {
  public let french: String
  public let english: String

  public init(_ french: String, _ english: String) {
    self.french = french
    self.english = english
  }
}
