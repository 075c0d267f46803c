internal import Base
internal import Ledger
internal import NIOHTTP1
internal import Records
internal import Wire

/// What Azure's ledgers have of a consortium, of enclaves and of programs: here nobody proposes changes to the service, there are no enclaves, and no
/// program of a tenant runs. Each operation says so.
struct GovernanceOperations: Sendable {
  let ledgers: ConfidentialLedgers

  /// No member could propose anything, and this is what would become of it.
  private static let constitution = """
    export function validate(input) {
      return { valid: false, description: "This ledger has no consortium: no proposal is accepted." };
    }

    export function resolve(proposal, proposerId, votes) {
      return "Rejected";
    }

    export function apply(proposal, proposalId) {}

    """

  var operations: [LedgerOperation] {
    [
      LedgerOperation("Get Constitution", .GET, "/app/governance/constitution", .reader) { _ in
        let script = Self.constitution
        return LedgerAnswer(json: ["digest": .string(MerkleHash(of: Array(script.utf8)).hexadecimal), "script": .string(script)])
      },
      LedgerOperation("List Consortium Members", .GET, "/app/governance/members", .reader) { _ in LedgerAnswer(json: ["members": []]) },
      LedgerOperation("Get Enclave Quotes", .GET, "/app/enclaveQuotes", .reader, run: quotes),
    ] + programs
  }

  /// Source: Microsoft, "Get Enclave Quotes", REST reference. A node without an enclave has no quote.
  @Sendable private func quotes(_ call: LedgerCall) async throws -> LedgerAnswer {
    let (ledger, now) = (call.ledger, call.now)
    let node = try await ledgers.records.write { [ledgers] in try ledgers.identity(of: ledger, now: now, in: $0).nodeID }
    return LedgerAnswer(json: ["currentNodeId": .string(node), "enclaveQuotes": [:]])
  }

  private var programs: [LedgerOperation] {
    let endpoints = "/app/userDefinedEndpoints"
    let functions = "/app/userDefinedFunctions"
    let paths: [(path: String, methods: [HTTPMethod], what: String)] = [
      (endpoints, [.GET, .PUT], "User defined endpoints"), ("\(endpoints)/runtimeOptions", [.GET, .PATCH], "User defined endpoints"),
      ("\(endpoints)/modules", [.GET], "User defined endpoints"), (functions, [.GET], "User defined functions"),
      ("\(functions)/{functionId}", [.GET, .PUT, .DELETE, .POST], "User defined functions"),
      ("/app/roles", [.GET, .PUT, .PATCH, .DELETE], "User defined roles"),
    ]
    return paths.flatMap { path, methods, what in
      methods.map { method in
        LedgerOperation("\(what) (\(method.rawValue) \(path))", method, path, .reader) { _ in throw LedgerServiceError.notImplemented(what) }
      }
    }
  }
}
