internal import Base
internal import Keyring
internal import Records
internal import ResourceManager
internal import Wire

/// What a disk encryption set's kept properties say, typed.
struct DiskEncryptionSet: Sendable {
  var id: ResourceID
  var tenant: GUID
  /// With a version only where that is to stay.
  var key: CustomerKey
  /// The version that is shown as the active one; nil where none is known yet.
  var shownVersion: String?
  /// Whether its disks follow to each new version of the key.
  var followsVersions: Bool
  /// The principal that must have the right to use the key; nil where the set has none any more.
  var identity: GUID?

  /// Nil where its key is none of this cloud's vaults.
  init?(_ resource: Resource, _ address: CloudAddress) {
    guard let url = resource.properties.member("activeKey", "keyUrl")?.string, let named = Self.key(url, address) else { return nil }
    id = resource.id
    tenant = resource.tenant
    shownVersion = named.version
    followsVersions = resource.properties.member("rotationToLatestKeyVersionEnabled")?.boolean ?? false
    key = followsVersions ? CustomerKey(vault: named.vault, name: named.name) : named
    identity = ResourceIdentity.principal(resource.identity)
  }

  /// The use of its key for the data of one disk, snapshot or image.
  func use(for subject: ResourceID, caller: GUID? = nil, request: GUID? = nil) -> CustomerKeyUse {
    CustomerKeyUse(
      reason: .diskData, tenant: tenant, subject: subject.description, identity: identity ?? .zero, caller: caller, request: request)
  }

  /// The set with an id, if it is there.
  static func find(_ id: ResourceID, tenant: GUID, _ address: CloudAddress, in reader: any RecordReader) throws -> DiskEncryptionSet? {
    guard id.type?.lowercased() == DiskEncryptionSetType.name.lowercased(),
      let resource = try reader.fetch(Resource.self, Resource.key(tenant: tenant, id)), resource.provisioningState != .deleting
    else { return nil }
    return DiskEncryptionSet(resource, address)
  }

  private static let nameLength = 1...127

  /// The key of a URL `https://<vault>.vault.<domain>/keys/<name>[/<version>]`; nil for any other.
  static func key(_ url: String, _ address: CloudAddress) -> CustomerKey? {
    let prefix = "https://"
    guard url.lowercased().hasPrefix(prefix) else { return nil }
    var words = url.dropFirst(prefix.count).split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    if words.last == "" { words.removeLast() }
    guard (3...4).contains(words.count), words[1].lowercased() == "keys" else { return nil }
    let host = words[0].lowercased()
    let suffix = ".\(address.vaultSuffix)"
    guard host.hasSuffix(suffix), isName(String(host.dropLast(suffix.count))), isName(words[2]), words.count == 3 || isName(words[3]) else {
      return nil
    }
    return CustomerKey(vault: prefix + host, name: words[2], version: words.count == 4 ? words[3].lowercased() : nil)
  }

  private static func isName(_ text: String) -> Bool {
    nameLength.contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }
}
