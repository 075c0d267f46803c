import Declarations
import ExternalKeys
import Testing

/// Who may use which key of a customer's, and what for.
struct ExternalKeyPolicyTests {
  private static let tenant = "11111111-2222-3333-4444-555555555555"

  private static func policy(_ text: String) throws -> ExternalKeyPolicy {
    try ExternalKeyPolicy(try Declaration(text, file: "politique.yaml"))
  }

  private static let account = "/subscriptions/1/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/a"

  private static func rule() throws -> ExternalKeyPolicy {
    try policy(
      """
      cles:
        dossiers:
          motifs: [storageData, tenantRecords]
          locataires: ["\(tenant)"]
          ressources: ["/subscriptions/1/resourceGroups/RG"]
        gelee:
          motifs: [storageData]
          locataires: ["\(tenant)"]
          suspendue: true
      """)
  }

  @Test func whatIsWrittenIsAllowed() throws {
    for reason in ["storageData", "tenantRecords"] {
      #expect(try Self.rule().refusal(key: "dossiers", reason: reason, tenant: Self.tenant.uppercased(), subject: Self.account) == nil)
    }
  }

  private static let refusals: [(key: String, reason: String?, tenant: String?, subject: String?, code: String)] = [
    ("other", "storageData", tenant, account, "KeyNotAllowed"), ("dossiers", "diskData", tenant, account, "ReasonNotAllowed"),
    ("dossiers", nil, tenant, account, "ReasonMissing"), ("dossiers", "storageData", nil, account, "TenantNotAllowed"),
    ("dossiers", "storageData", "99999999-2222-3333-4444-555555555555", account, "TenantNotAllowed"),
    ("dossiers", "storageData", tenant, nil, "SubjectNotAllowed"),
    ("dossiers", "storageData", tenant, "/subscriptions/1/resourceGroups/rg2/a", "SubjectNotAllowed"),
    ("gelee", "storageData", tenant, account, "KeyDisabled"),
  ]

  @Test(arguments: refusals)
  func whatIsNotWrittenIsRefused(_ key: String, _ reason: String?, _ tenant: String?, _ subject: String?, _ code: String) throws {
    #expect(try Self.rule().refusal(key: key, reason: reason, tenant: tenant, subject: subject)?.code == code)
  }

  @Test(arguments: ["cles: {}", "cles:"])
  func anEmptyPolicyAllowsNothing(_ text: String) throws {
    #expect(try Self.policy(text).refusal(key: "k", reason: "storageData", tenant: Self.tenant, subject: nil)?.code == "KeyNotAllowed")
  }

  @Test(arguments: [
    "", "clés: {}", "cles: []", "cles: {k: {}}", "cles: {k: {motifs: [a]}}", "cles: {k: {motif: [a], locataires: [b]}}",
    "cles: {k: {motifs: a, locataires: [b]}}", "cles: {k: {motifs: [a], locataires: [b], suspendue: non}}",
    "cles: {'a/b': {motifs: [a], locataires: [b]}}", "cles: {k: {motifs: [a], locataires: [b], tout: true}}",
  ])
  func whatCannotBeReadIsNoPolicy(_ text: String) {
    #expect(throws: DeclarationError.self) { try Self.policy(text) }
  }
}
