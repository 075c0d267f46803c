internal import Base
internal import Ledger
internal import NIOHTTP1
internal import Records
internal import Wire

/// Rotation: the policy, and the next version at once.
struct KeyPolicyOperations: Sendable {
  let keys: VaultKeys

  private var objects: VaultObjects { keys.objects }
  private var services: VaultServices { keys.services }

  var operations: [VaultOperation] {
    [
      VaultOperation("Rotate Key", .POST, "/keys/{name}/rotate", .data("keys/rotate/action", .keys, "rotate")) { try await rotate($0) },
      VaultOperation(
        "Get Key Rotation Policy", .GET, "/keys/{name}/rotationpolicy", .data("keyrotationpolicies/read", .keys, "getrotationpolicy")
      ) { try await get($0) },
      VaultOperation(
        "Update Key Rotation Policy", .PUT, "/keys/{name}/rotationpolicy", .data("keyrotationpolicies/write", .keys, "setrotationpolicy")
      ) { try await update($0) },
    ]
  }

  /// Source: Microsoft, "Rotate Key", Key Vault REST reference.
  private func rotate(_ call: VaultCall) async throws -> VaultAnswer {
    let random = services.random
    let rotated = try await KeyRotator(keys: keys).rotate(call.name, in: call.vault, now: call.now) { object, version in
      call.entry(.controlWrite, subject: call.keyURL(object.name, version.version), random: random)
    }
    guard let rotated else { throw CloudError.serverBusy() }
    return VaultAnswer(200, try call.bundle(of: rotated.object, rotated.version))
  }

  /// Source: Microsoft, "Get Key Rotation Policy", Key Vault REST reference.
  private func get(_ call: VaultCall) async throws -> VaultAnswer {
    try await services.records.read { reader in
      let object = try objects.object(call.name, in: call.vault, reader)
      return VaultAnswer(200, (KeyRotationPolicy(stored: object.policy) ?? .unset).json(url: call.keyURL(object.name)))
    }
  }

  /// Source: Microsoft, "Update Key Rotation Policy", Key Vault REST reference.
  private func update(_ call: VaultCall) async throws -> VaultAnswer {
    let wanted = try KeyRotationPolicy(call.body)
    return try await services.records.write { transaction in
      _ = try objects.current(call.vault, transaction)
      var object = try objects.object(call.name, in: call.vault, transaction)
      guard !object.isManaged else { throw VaultObjects.managed(.keys) }
      var policy = wanted
      policy.created = KeyRotationPolicy(stored: object.policy)?.created ?? call.now
      policy.updated = call.now
      object.policy = policy.json(url: nil).text
      try objects.save(object, transaction)
      try KeyRotation.plan(object, try objects.version(nil, of: object, transaction), in: call.vault, transaction)
      try call.entry(.controlWrite, subject: call.keyURL(object.name) + "/rotationpolicy", random: services.random).append(in: transaction)
      return VaultAnswer(200, policy.json(url: call.keyURL(object.name)))
    }
  }
}
