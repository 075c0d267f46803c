internal import Base
internal import Crypto
internal import Records
internal import Wire

/// Shared access signatures that Resource Manager makes for those who may not see the account's keys.
///
/// Source: Microsoft, "Storage Accounts - List Account SAS" and "List Service SAS", REST reference of the storage resource provider.
struct StorageAccountSignature: Sendable {
  let keys: StorageAccountKeys

  /// The version whose rules the signatures follow.
  static let version = "2022-11-02"

  func accountSignature(_ account: StorageAccount, _ body: JSON, in reader: any RecordReader) throws -> JSON {
    let fields = try fields(
      of: body,
      names: [
        "ss": "signedServices", "srt": "signedResourceTypes", "sp": "signedPermission", "se": "signedExpiry", "st": "signedStart",
        "sip": "signedIp", "spr": "signedProtocol",
      ])
    let signature = try sign(fields, SharedAccessSignature.Context(account: account.name), account, body, in: reader)
    return ["accountSasToken": .string(signature)]
  }

  func serviceSignature(_ account: StorageAccount, _ body: JSON, in reader: any RecordReader) throws -> JSON {
    guard let resource = body.object?.member(ignoringCase: "canonicalizedResource")?.string else {
      throw StorageAccountSettings.invalid("canonicalizedResource")
    }
    let parts = resource.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: true).map(String.init)
    guard let service = parts.first.flatMap({ SharedAccessSignature.Service(rawValue: $0) }),
      (3...(service == .blob ? 4 : 3)).contains(parts.count), parts[1] == account.name
    else { throw StorageAccountSettings.invalid("canonicalizedResource") }
    guard service == .blob else {
      return ["serviceSasToken": .string(try signature(service, of: parts[2], account, body, in: reader))]
    }
    let fields = try fields(
      of: body,
      names: [
        "sr": "signedResource", "sp": "signedPermission", "se": "signedExpiry", "st": "signedStart", "si": "signedIdentifier", "sip": "signedIp",
        "spr": "signedProtocol", "rscc": "rscc", "rscd": "rscd", "rsce": "rsce", "rscl": "rscl", "rsct": "rsct",
      ])
    let context = SharedAccessSignature.Context(account: account.name, container: parts[2], blob: parts.count == 4 ? parts[3] : "")
    guard (fields.first { $0.name == "sr" }?.value == "c") == context.blob.isEmpty else { throw StorageAccountSettings.invalid("signedResource") }
    return ["serviceSasToken": .string(try sign(fields, context, account, body, in: reader))]
  }

  /// For a queue or a table.
  private func signature(
    _ service: SharedAccessSignature.Service, of name: String, _ account: StorageAccount, _ body: JSON, in reader: any RecordReader
  ) throws -> String {
    var fields = try fields(
      of: body,
      names: [
        "sp": "signedPermission", "se": "signedExpiry", "st": "signedStart", "si": "signedIdentifier", "sip": "signedIp", "spr": "signedProtocol",
      ])
    if service == .table {
      fields.append(("tn", name))
      fields += try self.fields(of: body, names: ["spk": "startPk", "srk": "startRk", "epk": "endPk", "erk": "endRk"]).dropFirst()
    }
    return try sign(fields, SharedAccessSignature.Context(account: account.name, container: name), service: service, account, body, in: reader)
  }

  private func fields(of body: JSON, names: KeyValuePairs<String, String>) throws -> [(name: String, value: String)] {
    var fields = [(name: "sv", value: Self.version)]
    for (field, name) in names {
      guard let value = body.object?.member(ignoringCase: name), value != .null else { continue }
      guard var text = value.string else { throw StorageAccountSettings.invalid(name) }
      if field == "se" || field == "st" {
        guard let time = Timestamp(iso8601: text) else { throw StorageAccountSettings.invalid(name) }
        text = time.iso8601
      }
      if !text.isEmpty { fields.append((field, text)) }
    }
    return fields
  }

  private func sign(
    _ fields: [(name: String, value: String)], _ context: SharedAccessSignature.Context, service: SharedAccessSignature.Service = .blob,
    _ account: StorageAccount, _ body: JSON,
    in reader: any RecordReader
  ) throws -> String {
    let wanted = body.object?.member(ignoringCase: "keyToSign")?.string?.lowercased() ?? account.keys.first?.name
    guard let key = account.keys.first(where: { $0.name == wanted }) else { throw StorageAccountSettings.invalid("keyToSign") }
    let secret = SymmetricKey(data: try keys.open(key, account, in: reader))
    do {
      return try SharedAccessSignature.query(signing: fields, context, service: service, key: secret)
    } catch {
      throw StorageAccountSettings.invalid(error.description)
    }
  }
}
