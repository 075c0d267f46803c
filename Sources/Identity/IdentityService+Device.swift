internal import Base
internal import Records
internal import Wire

extension IdentityService {
  /// Begins a sign-in of a device: the answer to the device code request.
  func beginDeviceAuthorization(_ form: TokenForm, authority: Authority, version: TokenRequest.Version) async throws -> JSON {
    let request = TokenRequest(form: form, authority: authority, version: version, basic: nil, remoteAddress: "")
    let client = try await knownClient(try request.clientID(), authority: authority)
    guard client.isPublic else { throw OAuthErrors.credentialMissing }
    guard let scope = try request.scope(address: address) else { throw OAuthErrors.missingParameter(version == .v1 ? "resource" : "scope") }
    let deviceCode = Base64URL.encode(random.bytes(32))
    let userCode = random.text(DeviceAuthorization.userCodeLetters, from: DeviceAuthorization.userCodeAlphabet)
    let now = clock.now()
    let record = DeviceAuthorization(
      digest: DeviceAuthorization.digest(of: deviceCode), userCode: userCode, client: client.appID, tenant: authority.tenant?.id, scope: scope,
      state: .pending, expires: now.advanced(by: .seconds(IdentityLimits.deviceCodeSeconds)))
    try await records.write { transaction in
      let pending = try transaction.count(DeviceAuthorization.self, under: DeviceAuthorization.all, limit: IdentityLimits.maximumPendingDeviceCodes)
      guard pending < IdentityLimits.maximumPendingDeviceCodes else { throw CloudError.serverBusy("Too many device codes are pending.") }
      // Two sign-ins under one user code: the person could not say which one is meant. The client asks again.
      guard try Self.device(userCode: userCode, in: transaction) == nil else { throw CloudError.serverBusy() }
      try transaction.save(record)
    }
    let shown = "\(userCode.prefix(4))-\(userCode.suffix(4))"
    let page = "\(address.url("login"))/device"
    return [
      "user_code": .string(shown), "device_code": .string(deviceCode), "verification_uri": .string(page), "verification_url": .string(page),
      "expires_in": .integer(IdentityLimits.deviceCodeSeconds), "interval": .integer(IdentityLimits.devicePollSeconds),
      "message": "To sign in, use a web browser to open the page \(page) and enter the code \(shown) to authenticate.",
    ]
  }

  /// Takes the sign-in that a device code stands for, once. Throws what the client must know while there is none.
  func redeemDeviceCode(_ deviceCode: String, client: GUID) async throws -> (SignIn, TokenScope) {
    let now = clock.now()
    let key = DeviceAuthorization.key(deviceCode: deviceCode)
    guard let known = try await records.read({ try $0.fetch(DeviceAuthorization.self, key) }), known.client == client else {
      throw OAuthErrors.badDeviceCode
    }
    guard known.expires > now else { throw OAuthErrors.deviceCodeExpired }
    if known.state == .pending {
      throw polls.admit(known.digest, at: now) ? OAuthErrors.authorizationPending : OAuthErrors.slowDown
    }
    polls.forget(known.digest)
    return try await records.write { transaction in
      guard let record = try transaction.fetch(DeviceAuthorization.self, key) else { throw OAuthErrors.badDeviceCode }
      try transaction.remove(DeviceAuthorization.self, key)
      guard case .approved(let signIn) = record.state else { return nil }
      return (signIn, record.scope)
    } ?? { throw OAuthErrors.authorizationDeclined }()
  }

  /// What a person is asked to approve: the pending sign-in of a user code, with the name of its client. Nil when there is none, or it expired.
  func pendingDevice(userCode: String) async throws -> (record: DeviceAuthorization, clientName: String)? {
    let code = DeviceAuthorization.normalized(userCode: userCode)
    let now = clock.now()
    return try await records.read { reader in
      guard let record = try Self.device(userCode: code, in: reader), record.state == .pending, record.expires > now else { return nil }
      let name =
        try FirstPartyApplication.application(record.client)?.displayName ?? self.application(appID: record.client, in: reader)?.displayName ?? ""
      return (record, name)
    }
  }

  /// Ends a pending sign-in: approved by who signed in, or declined when nil. False when it is no longer pending.
  func decideDevice(_ record: DeviceAuthorization, _ signIn: SignIn?) async throws -> Bool {
    let now = clock.now()
    return try await records.write { transaction in
      guard var current = try transaction.fetch(DeviceAuthorization.self, record.key), current.state == .pending, current.expires > now else {
        return false
      }
      current.state = signIn.map { .approved($0) } ?? .declined
      try transaction.save(current)
      return true
    }
  }

  private static func device(userCode: String, in reader: any RecordReader) throws -> DeviceAuthorization? {
    try reader.list(DeviceAuthorization.self, index: DeviceAuthorization.userCodeIndex, [userCode], tenant: .zero, limit: 1).first
  }
}
