public import Base
public import Records

/// Keeps the small secrets that requests carry, such as secure parameters of a deployment: what is stored means nothing without the platform's keys.
public protocol SecretSealer: Sendable {
  func seal(_ bytes: [UInt8], tenant: GUID, in transaction: RecordTransaction) throws -> [UInt8]
  func open(_ sealed: [UInt8], tenant: GUID, in reader: any RecordReader) throws -> [UInt8]
}

/// Takes no secrets: where there is nothing to seal them with, they are refused.
public struct NoSecrets: SecretSealer {
  public init() {}

  public func seal(_ bytes: [UInt8], tenant: GUID, in transaction: RecordTransaction) throws -> [UInt8] {
    throw CloudError(501, "NotImplemented", "This cloud keeps no secure parameters.")
  }

  public func open(_ sealed: [UInt8], tenant: GUID, in reader: any RecordReader) throws -> [UInt8] {
    throw CloudError(501, "NotImplemented", "This cloud keeps no secure parameters.")
  }
}
