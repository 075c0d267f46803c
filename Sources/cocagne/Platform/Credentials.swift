internal import Base
internal import Wire

/// What the first `up` made and `env` hands out: where the cloud is, and its first administrator.
///
/// An operator who has made administrators of his own deletes the file; nothing of the platform reads it but `env`.
struct Credentials {
  var address: CloudAddress
  var tenant: GUID
  var subscription: GUID
  var clientID: GUID
  var clientSecret: String
  var userName: String
  var password: String

  func write(to directory: DataDirectory) throws {
    let json: JSON = .object([
      "domain": .string(address.domain), "port": .integer(Int64(address.port)), "tenantId": .string(tenant.description),
      "subscriptionId": .string(subscription.description), "clientId": .string(clientID.description), "clientSecret": .string(clientSecret),
      "userName": .string(userName), "password": .string(password),
    ])
    try DataDirectory.write(json.bytes, to: directory.credentials)
  }

  /// Nil when there is no such file.
  static func read(from directory: DataDirectory) throws -> Credentials? {
    guard let bytes = try DataDirectory.read(directory.credentials) else { return nil }
    let json = try JSON(parsing: bytes)
    guard let domain = json["domain"]?.string, let port = json["port"]?.integer, let tenant = json["tenantId"]?.string.flatMap({ GUID($0) }),
      let subscription = json["subscriptionId"]?.string.flatMap({ GUID($0) }), let client = json["clientId"]?.string.flatMap({ GUID($0) }),
      let secret = json["clientSecret"]?.string, let userName = json["userName"]?.string, let password = json["password"]?.string
    else {
      throw OperatorError("Le fichier \(directory.credentials) est illisible.", "The file \(directory.credentials) is malformed.")
    }
    return Credentials(
      address: CloudAddress(domain: domain, port: Int(port)), tenant: tenant, subscription: subscription, clientID: client, clientSecret: secret,
      userName: userName, password: password)
  }
}
