public import Base
public import Records

/// One thing that happened, as the ledger keeps it for good.
///
/// What names a person (who called, from which address) belongs into `personal`: the log holds a salted commitment to it, and the value lies beside the
/// log, so that it can be erased without changing the log. So does what may not outlive a tenant, such as the name that it was given. Texts beyond
/// `LedgerLimits.maximumTextBytes` are cut.
public struct LedgerEntry: Sendable, Equatable {
  public var id: GUID
  public var time: Timestamp
  /// Whose affair it is, and who may read the entry; `GUID.zero` for the platform's own.
  public var tenant: GUID
  public var kind: Kind
  /// What it is about: the id of a resource, the URL of a key, the name of a control. No personal data.
  public var subject: String
  public var outcome: Outcome
  /// The request that it happened in, where there is one.
  public var request: GUID?
  /// Further facts by name, no personal data: `operation`, `code`, `reason`, …
  public var facts: [String: String]
  /// Personal data by name: `caller`, `principal`, `address`, …
  public var personal: [String: String]

  /// What sort of thing happened. Names stay for good: they are in leaves of the tree.
  public enum Kind: String, Sendable, CaseIterable {
    /// A change through Resource Manager or Graph.
    case controlWrite = "control.write"
    /// A secret, or the private part of something, was given out.
    case secretRead = "secret.read"
    /// A key of a vault, or the key over data keys, was used.
    case keyUse = "key.use"
    /// Somebody was not who they said.
    case authenticationFailure = "authentication.failure"
    /// Somebody may not do what they asked.
    case refusal = "policy.refusal"
    /// A command of the operator.
    case operatorAction = "operator.action"
    /// A step of a request for access to a tenant's resource, and each use of what was granted.
    case lockbox = "lockbox"
    /// What an authority asked for, and what it got.
    case authorityRequest = "authority.request"
    /// What a control of SecNumCloud said.
    case observation = "secnumcloud.observation"
    /// A tenant's data were destroyed.
    case erasure = "tenant.erasure"
    /// A key of the ledger itself: what signs it from here on.
    case ledgerKey = "ledger.key"
  }

  public enum Outcome: String, Sendable, CaseIterable {
    case succeeded
    case failed
    case refused
  }

  public init(
    id: GUID, time: Timestamp, tenant: GUID, kind: Kind, subject: String, outcome: Outcome, request: GUID? = nil, facts: [String: String] = [:],
    personal: [String: String] = [:]
  ) {
    self.id = id
    self.time = time
    self.tenant = tenant
    self.kind = kind
    self.subject = subject
    self.outcome = outcome
    self.request = request
    self.facts = facts
    self.personal = personal
  }

  /// Enters it in the transaction of the thing itself: both are there, or neither is. It gets its place in the log, and its leaf in the tree, soon
  /// after the commit, and after a crash all the same.
  public func append(in transaction: RecordTransaction) throws {
    try transaction.save(LedgerDraft(entry: bounded))
    transaction.afterCommit { LedgerSignal.drafts.ring() }
  }
}
