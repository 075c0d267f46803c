internal import Base
internal import CPKCS11

/// A session with the token, for one call at a time.
struct ModuleSession {
  let cryptoki: Cryptoki
  let handle: UInt
  /// Handles of keys that earlier calls found.
  let handles: KeyHandles

  /// The object of a class with the identifier. Throws `SecurityModuleError.noSuchKey`.
  func key(_ id: GUID, _ class: UInt) throws -> UInt {
    if let known = handles[KeyHandles.Name(id: id, class: `class`)] { return known }
    guard let found = try find(Self.name(id, `class`), limit: 1).first else { throw SecurityModuleError.noSuchKey }
    handles[KeyHandles.Name(id: id, class: `class`)] = found
    return found
  }

  /// The same, of a type. Throws `SecurityModuleError.invalidData` for a key of another: not every token refuses what does not fit its keys.
  func key(_ id: GUID, _ class: UInt, type: UInt) throws -> UInt {
    let name = KeyHandles.Name(id: id, class: `class`, type: type)
    if let known = handles[name] { return known }
    guard let found = try find(Self.name(id, `class`).adding(CKA_KEY_TYPE, type), limit: 1).first else {
      _ = try key(id, `class`)
      throw SecurityModuleError.invalidData
    }
    handles[name] = found
    return found
  }

  static func name(_ id: GUID, _ class: UInt) -> ModuleAttributes {
    ModuleAttributes().adding(CKA_CLASS, `class`).adding(CKA_TOKEN, true).adding(CKA_ID, id.bytes)
  }

  /// Objects that match, up to a limit.
  func find(_ attributes: ModuleAttributes, limit: Int) throws -> [UInt] {
    try attributes.lend { template, count in
      try cryptoki.call("C_FindObjectsInit") { $0.C_FindObjectsInit(handle, template, count) }
    }
    defer { _ = cryptoki.functions.pointee.C_FindObjectsFinal(handle) }
    var found = [UInt](repeating: 0, count: limit)
    var count: UInt = 0
    var total = 0
    repeat {
      let rest = UInt(limit - total)
      try found.withUnsafeMutableBufferPointer { buffer in
        try cryptoki.call("C_FindObjects") { $0.C_FindObjects(handle, buffer.baseAddress.map { $0 + total }, rest, &count) }
      }
      total += Int(min(count, rest))
    } while count > 0 && total < limit
    return Array(found.prefix(total))
  }

  /// The value of an attribute. A secret one gives `CKR_ATTRIBUTE_SENSITIVE` as a failure.
  func attribute(_ type: UInt, of object: UInt) throws -> [UInt8] {
    var attribute = ck_attribute(type: type, value: nil, value_len: 0)
    try cryptoki.call("C_GetAttributeValue") { $0.C_GetAttributeValue(handle, object, &attribute, 1) }
    guard attribute.value_len <= UInt(ModuleLimits.maximumWrappedKeyBytes) else {
      throw SecurityModuleError.failed(function: "C_GetAttributeValue", code: CKR_GENERAL_ERROR)
    }
    var bytes = [UInt8](repeating: 0, count: Int(attribute.value_len))
    let length = try bytes.withUnsafeMutableBytes { buffer in
      attribute.value = buffer.baseAddress
      try cryptoki.call("C_GetAttributeValue") { $0.C_GetAttributeValue(handle, object, &attribute, 1) }
      return min(Int(attribute.value_len), buffer.count)
    }
    return Array(bytes.prefix(length))
  }

  func number(_ type: UInt, of object: UInt) throws -> UInt {
    let bytes = try attribute(type, of: object)
    guard bytes.count == MemoryLayout<UInt>.size else { throw SecurityModuleError.failed(function: "C_GetAttributeValue", code: CKR_GENERAL_ERROR) }
    return bytes.withUnsafeBytes { $0.loadUnaligned(as: UInt.self) }
  }

  func create(_ attributes: ModuleAttributes) throws -> UInt {
    var object: UInt = 0
    try attributes.lend { template, count in
      try cryptoki.call("C_CreateObject") { $0.C_CreateObject(handle, template, count, &object) }
    }
    return object
  }

  func destroy(_ object: UInt) throws {
    try cryptoki.call("C_DestroyObject") { $0.C_DestroyObject(handle, object) }
  }

  /// Runs a function that fills a buffer which is long enough for whatever it gives.
  func fill(_ function: String, capacity: Int, _ body: (UnsafeMutablePointer<UInt8>?, UnsafeMutablePointer<UInt>) -> ck_rv_t) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: capacity)
    var length = UInt(capacity)
    let code = bytes.withUnsafeMutableBufferPointer { body($0.baseAddress, &length) }
    guard code == CKR_OK else { throw SecurityModuleError.failed(function: function, code: code) }
    return Array(bytes.prefix(Int(min(length, UInt(capacity)))))
  }
}

/// Lends bytes that a C function takes without a promise not to write.
func lending<Value>(_ bytes: [UInt8], _ body: (UnsafeMutablePointer<UInt8>?, UInt) throws -> Value) rethrows -> Value {
  var copy = bytes
  return try copy.withUnsafeMutableBufferPointer { try body($0.baseAddress, UInt($0.count)) }
}
