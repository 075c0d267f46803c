internal import Base
internal import Ledger
internal import Logging
internal import Wire

extension Platform {
  static let ledgerCommands = ["ledger status", "ledger list", "ledger receipt", "ledger publish", "ledger export", "ledger erase"]

  /// What the running cloud does for `cocagne ledger …`.
  func handleLedger(_ command: String, _ arguments: JSON) async throws -> JSON {
    switch command {
    case "ledger status": return try await ledgerStatus()
    case "ledger list":
      let entries = try await ledger.entries(
        tenant: try Self.tenant(arguments), after: Int(clamping: max(0, arguments["after"]?.integer ?? 0)),
        limit: Int(clamping: max(1, arguments["limit"]?.integer ?? 100)))
      return [
        "entries": .array(
          entries.map { item in
            let personal = item.personal.sorted { $0.key < $1.key }.map { (name: $0.key, value: JSON.string($0.value)) }
            return ["entry": item.entry.json, "personal": .object(JSON.Object(personal))]
          })
      ]
    case "ledger receipt":
      let sequence = Int(clamping: arguments["sequence"]?.integer ?? 0)
      guard let (entry, receipt) = try await ledger.receipt(for: sequence) else {
        throw OperatorError("Le registre n'a pas d'entrée \(sequence).", "The log has no entry \(sequence).")
      }
      return [
        "sequence": .integer(Int64(sequence)), "entry": .string(String(decoding: entry.writeSet, as: UTF8.self)), "receipt": receipt.json,
        "serviceCertificate": .string(try await ledger.serviceCertificate()),
      ]
    case "ledger publish": return ["size": .integer(Int64(try await ledger.publish().size))]
    case "ledger erase": return try await erasePersonal(arguments)
    default:
      guard let folder = arguments["folder"]?.string, folder.hasPrefix("/") else { throw OperatorError("Il manque un dossier.", "A folder lacks.") }
      do {
        let count = try await LedgerExportFolder(ledger: ledger, path: folder).write()
        logger.notice("ledger exported", metadata: ["folder": "\(folder)", "entries": "\(count)"])
        return ["folder": .string(folder), "entries": .integer(Int64(count))]
      } catch let error as DiskError {
        throw OperatorError("\(folder) ne peut pas être écrit : \(error).", "\(folder) cannot be written: \(error).")
      }
    }
  }

  private func ledgerStatus() async throws -> JSON {
    let status = try await ledger.status()
    let certificate = try await ledger.serviceCertificate()
    let head: JSON? = status.head.map {
      ["size": .integer(Int64($0.size)), "time": .string($0.time.iso8601), "root": .string($0.root), "checkpoint": .string($0.note)]
    }
    let witnesses: [JSON] = status.witnesses.map { witness in
      .object([
        "name": .string(witness.name), "size": .integer(Int64(witness.size)), "time": .string(witness.time?.iso8601),
        "problem": .string(witness.problem), "contradicts": .boolean(witness.isContradiction),
      ])
    }
    return .object([
      "origin": .string(ledger.origin), "size": .integer(Int64(status.size)), "waiting": .integer(Int64(status.drafts)),
      "verifierKey": .string(ledger.verifier.description), "serviceCertificate": .string(certificate), "head": head, "witnesses": .array(witnesses),
    ])
  }

  private func erasePersonal(_ arguments: JSON) async throws -> JSON {
    let tenant = try Self.tenant(arguments) ?? .zero
    let sequences = (arguments["sequences"]?.array ?? []).compactMap { $0.integer.flatMap { Int(exactly: $0) } }
    var erased = 0
    if let person = arguments["person"]?.string {
      erased = try await ledger.erasePersonal(of: tenant, naming: person)
    } else if (1...LedgerLimits.maximumErasedAtOnce).contains(sequences.count) {
      erased = try await ledger.erasePersonal(of: tenant, sequences: sequences)
    } else {
      throw OperatorError(
        "Dites qui (--person) ou quelles entrées (--sequence, au plus \(LedgerLimits.maximumErasedAtOnce)).",
        "Say who (--person) or which entries (--sequence, at most \(LedgerLimits.maximumErasedAtOnce)).")
    }
    return ["erased": .integer(Int64(erased))]
  }

  private static func tenant(_ arguments: JSON) throws -> GUID? {
    guard let text = arguments["tenant"]?.string else { return nil }
    guard let tenant = GUID(text) else { throw OperatorError("\(text) n'est pas un identifiant.", "\(text) is no id.") }
    return tenant
  }
}
