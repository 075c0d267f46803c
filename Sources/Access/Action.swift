/// A permission that a request needs, by its name in Azure's operations list.
public struct Action: Hashable, Sendable {
  /// For example `Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read`. Compared without regard to case.
  public var name: String
  /// A data action is granted by `dataActions` only; a management action by `actions` only.
  public var isDataAction: Bool
  /// What a shared access signature must hold for the same; nil where no signature can permit it.
  public var signed: SignedRequirement?

  /// A management action. Some of storage's (those on containers) are also asked for by its data plane, where a signature may permit them.
  public init(_ name: String, signed: SignedRequirement? = nil) {
    self.name = name
    isDataAction = false
    self.signed = signed
  }

  public init(data name: String, signed: SignedRequirement? = nil) {
    self.name = name
    isDataAction = true
    self.signed = signed
  }
}

/// The permissions of a shared access signature that allow an action.
public struct SignedRequirement: Hashable, Sendable {
  /// `s`ervice, `c`ontainer or `o`bject: what an account SAS must list in `srt`.
  public var resourceType: Character
  /// Any one of these letters in `sp` suffices.
  public var anyOf: Set<Character>

  public init(_ resourceType: Character, anyOf letters: String) {
    self.resourceType = resourceType
    self.anyOf = Set(letters)
  }
}
