/// What a CISO, an auditor or an operator reads: French first, English beside it.
public struct Text: Hashable, Sendable, Codable {
  public var french: String
  public var english: String

  public init(_ french: String, _ english: String) {
    self.french = french
    self.english = english
  }

  public func callAsFunction(english isEnglish: Bool) -> String { isEnglish ? english : french }
}
