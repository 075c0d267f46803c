public import Base
internal import Records
public import ResourceManager
internal import Wire

/// `Microsoft.ConfidentialLedger`: ledgers of tenants. Managed CCF networks are not served.
public struct ConfidentialLedgerProvider: ResourceProvider {
  public let namespace = "Microsoft.ConfidentialLedger"
  private let ledgers: ConfidentialLedgers
  private let address: CloudAddress

  /// Newest first.
  static let apiVersions = [
    "2025-06-10-preview", "2024-09-19-preview", "2024-07-09-preview", "2023-06-28-preview", "2023-01-26-preview", "2022-09-08-preview", "2022-05-13",
    "2021-12-01-preview", "2021-05-13-preview", "2020-12-01-preview",
  ]

  /// `ledgers` is what the endpoint has too.
  public init(ledgers: ConfidentialLedgers, address: CloudAddress) {
    self.ledgers = ledgers
    self.address = address
  }

  public var types: [any ResourceType] { [ConfidentialLedgerType(ledgers: ledgers, address: address)] }

  public var actions: [ProviderAction] {
    [
      ProviderAction(
        method: .post, path: "checkNameAvailability", permission: "Microsoft.ConfidentialLedger/checkNameAvailability/action",
        run: { _, body, _, reader in try LedgerName.availability(body, in: reader) })
    ]
  }

  /// Source: Microsoft, "Azure permissions for Security", Microsoft.ConfidentialLedger.
  public var operations: [ProviderOperation] {
    [
      ("register/action", "Register", "Registers the subscription for the confidential ledger resource provider."),
      ("checkNameAvailability/action", "Check Name Availability", "Checks whether the name of a ledger is valid and not in use."),
      ("ledgers/read", "Read Ledger", "Gets or lists ledgers."), ("ledgers/write", "Write Ledger", "Creates or updates a ledger."),
      ("ledgers/delete", "Delete Ledger", "Deletes a ledger."),
    ].map { name, operation, description in
      ProviderOperation(name: "\(namespace)/\(name)", resource: "Confidential Ledger", operation: operation, description: description)
    }
  }
}
