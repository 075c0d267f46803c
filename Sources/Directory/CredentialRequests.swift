internal import Base
internal import Identity
internal import Wire

/// Reads the credentials in bodies.
enum CredentialRequests {
  /// What `addPassword` asks for: `{"passwordCredential":{"displayName","startDateTime","endDateTime"}}`.
  ///
  /// Source: Microsoft Graph REST API v1.0, "application: addPassword".
  static func password(_ body: JSON) throws -> (displayName: String?, start: Timestamp?, end: Timestamp?) {
    guard let object = body.object else { throw GraphError.unreadableBody }
    guard case .object(let wanted) = object["passwordCredential"] ?? [:] else { throw GraphError.unreadableBody }
    for (name, value) in wanted.members where !name.contains("@odata.") {
      guard ["displayName", "startDateTime", "endDateTime", "customKeyIdentifier", "hint", "keyId", "secretText"].contains(name) else {
        throw GraphError.unknownProperty(name)
      }
      // The platform makes the secret and its id; whoever sends one believes that it is used.
      guard !["keyId", "secretText", "hint"].contains(name) || value.isNull else { throw GraphError.readOnly(name) }
    }
    return (wanted["displayName"]?.string, try date("startDateTime", in: wanted), try date("endDateTime", in: wanted))
  }

  /// What `removePassword` asks for: `{"keyId"}`.
  static func keyID(_ body: JSON) throws -> GUID {
    guard let id = body["keyId"]?.string.flatMap({ GUID($0) }) else { throw GraphError.badRequest("Invalid value specified for parameter 'keyId'.") }
    return id
  }

  /// The whole new list of certificates. One that is given without its `key` must be there already and stays.
  static func keys(_ list: JSON, existing: [KeyCredential], random: any RandomSource) throws -> [KeyCredential] {
    var keys: [KeyCredential] = []
    for element in list.array ?? [] {
      let object = element.object ?? JSON.Object()
      let id = object["keyId"]?.string.flatMap { GUID($0) }
      if let known = existing.first(where: { $0.keyID == id }), object["key"]?.string == nil {
        keys.append(known)
        continue
      }
      guard let text = object["key"]?.string, let der = certificate(text) else {
        throw GraphError.badRequest("Key credential value is invalid certificate.")
      }
      guard (object["type"]?.string ?? "AsymmetricX509Cert") == "AsymmetricX509Cert", (object["usage"]?.string ?? "Verify") == "Verify" else {
        throw GraphError.invalidValue("keyCredentials", of: "KeyCredential")
      }
      keys.append(
        try KeyCredential(
          keyID: id ?? random.guid(), displayName: object["displayName"]?.string, certificateDER: der,
          start: try date("startDateTime", in: object), end: try date("endDateTime", in: object)))
    }
    guard Set(keys.map(\.keyID)).count == keys.count else { throw GraphError.invalidValue("keyId", of: "KeyCredential") }
    return keys
  }

  /// The DER of a certificate in base64, or of a PEM file in base64; line breaks are passed over.
  private static func certificate(_ text: String) -> [UInt8]? {
    guard let bytes = Base64.decode(String(text.filter { !$0.isWhitespace })) else { return nil }
    let marker = "-----BEGIN CERTIFICATE-----"
    guard bytes.starts(with: marker.utf8) else { return bytes }
    let inner = String(decoding: bytes, as: UTF8.self).dropFirst(marker.count).prefix { $0 != "-" }
    return Base64.decode(String(inner.filter { !$0.isWhitespace }))
  }

  private static func date(_ name: String, in object: JSON.Object) throws -> Timestamp? {
    switch object[name] {
    case nil, .null?: return nil
    case .string(let text)?:
      guard let date = Timestamp(iso8601: text) else { throw GraphError.wrongType(name, expected: "Edm.DateTimeOffset") }
      return date
    case _?: throw GraphError.wrongType(name, expected: "Edm.DateTimeOffset")
    }
  }
}
