public import Base
internal import Crypto
public import Records

/// What records say, sealed.
extension Keyring {
  /// Seals and opens the records of a store.
  public var recordSealer: any RecordSealer { KeyringRecordSealer(keyring: self) }

  /// The data key that an owner's records are sealed under; nil where nothing of it was sealed yet.
  public static func recordsKey(of owner: GUID, in reader: any RecordReader) throws -> DataKeyID? {
    try reader.fetch(RecordsKey.self, RecordKey(tenant: owner))?.dataKey
  }

  /// The same, made where there is none yet.
  public func recordsKey(of owner: GUID, in transaction: RecordTransaction) throws -> DataKeyID {
    if let id = try Self.recordsKey(of: owner, in: transaction) { return id }
    let key = SymmetricKey(random: random)
    let id = try makeDataKey(key, tenant: owner, in: transaction)
    try transaction.save(RecordsKey(owner: owner, dataKey: id))
    // Not to be unwrapped in this transaction: the tenant's key that it has just made may lose to another's.
    dataKeys.insert(key, for: DataKeyEntry(tenant: owner, id: id), of: owner)
    return id
  }
}

/// AES-256-GCM under a key of each record's own, derived by HKDF from the owner's data key: no number of changes to other records wears it out, and no
/// record's content can stand in for another's.
private struct KeyringRecordSealer: RecordSealer {
  let keyring: Keyring

  func seal(_ content: [UInt8], context: [UInt8], owner: GUID, in transaction: RecordTransaction) throws -> [UInt8] {
    let id = try keyring.recordsKey(of: owner, in: transaction)
    let key = try keyring.dataKey(id, tenant: owner, in: transaction).derived(forRecord: context)
    var writer = ByteWriter(reserving: content.count + 64)
    writer.guid(id)
    writer.blob(try SealedBytes.seal(content, using: key, context: context, random: keyring.random))
    return writer.bytes
  }

  func open(_ sealed: [UInt8], context: [UInt8], owner: GUID, in reader: any RecordReader) throws -> [UInt8]? {
    var bytes = ByteReader(sealed)
    let (id, box) = (try bytes.guid(), try bytes.blob())
    guard bytes.isAtEnd else { throw KeyringError.corrupt }
    let dataKey: SymmetricKey
    do {
      dataKey = try keyring.dataKey(id, tenant: owner, in: reader)
    } catch KeyringError.closed, KeyringError.noSuchKey {
      return nil
    }
    return Array(try SealedBytes.open(box, using: dataKey.derived(forRecord: context), context: context))
  }
}

extension SymmetricKey {
  /// Data keys are uniform already: there is nothing to extract.
  fileprivate func derived(forRecord context: [UInt8]) -> SymmetricKey {
    HKDF<SHA256>.expand(pseudoRandomKey: self, info: Array("cocagne record".utf8) + context, outputByteCount: 32)
  }
}
