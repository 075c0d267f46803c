/// A permission that a request needs, by its name in Azure's operations list.
public struct Action: Hashable, Sendable {
  /// For example `Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read`. Compared without regard to case.
  public var name: String
  /// A data action is granted by `dataActions` only; a management action by `actions` only.
  public var isDataAction: Bool
  /// Other permissions of the same side that suffice: who may write messages may add one.
  public var alternatives: [String] = []
  /// What a shared access signature must hold for the same; nil where no signature can permit it.
  public var signed: SignedRequirement?

  /// A management action. Some of storage's (those on containers) are also asked for by its data plane, where a signature may permit them.
  public init(_ name: String, signed: SignedRequirement? = nil) {
    self.name = name
    isDataAction = false
    self.signed = signed
  }

  public init(data name: String, or alternatives: [String] = [], signed: SignedRequirement? = nil) {
    self.name = name
    isDataAction = true
    self.alternatives = alternatives
    self.signed = signed
  }
}

/// The permissions of a shared access signature that allow an action.
public struct SignedRequirement: Hashable, Sendable {
  /// `s`ervice, `c`ontainer or `o`bject: what an account SAS must list in `srt`.
  public var resourceType: Character
  /// Any one of these letters in `sp` suffices.
  public var anyOf: Set<Character>
  /// Letters that must all be there beside it.
  public var allOf: Set<Character>
  /// The letters of `anyOf` that a service SAS can give. It speaks for what is in a container, and for the container as a list only.
  public var inService: Set<Character>

  /// `inService` is for what a service SAS can give otherwise than the rule: a queue's metadata, for instance.
  public init(_ resourceType: Character, anyOf letters: String, allOf others: String = "", inService: String? = nil) {
    self.resourceType = resourceType
    anyOf = Set(letters)
    allOf = Set(others)
    self.inService =
      if let inService {
        Set(inService)
      } else {
        switch resourceType {
        case "o": Set(letters)
        case "c": Set(letters).intersection(["l", "f"])
        default: []
        }
      }
  }

  /// Whether a signature with these letters permits it.
  public func isMet(by permissions: Set<Character>, inService isService: Bool) -> Bool {
    !permissions.isDisjoint(with: isService ? inService : anyOf) && allOf.isSubset(of: permissions)
  }
}
