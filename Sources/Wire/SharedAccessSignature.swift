public import Base
public import Crypto

/// The fields of a shared access signature, as they stand in a URL's query, and the string that each kind and version of it signs.
///
/// Source: Microsoft, "Create an account SAS", "Create a service SAS" and "Create a user delegation SAS", REST reference of the storage services.
public struct SharedAccessSignature: Sendable {
  public enum Kind: Sendable {
    /// Signed with an account key, for services and resource types of a whole account.
    case account
    /// Signed with an account key, for one container, directory or blob.
    case service
    /// Signed with a key that was derived for a user or service principal.
    case userDelegation
  }

  /// The service that a signature is presented to: what it must say, and which string it signs, depends on that.
  public enum Service: String, Sendable {
    case blob
    case queue
    case table
  }

  /// Why a query that carries a `sig` is no signature. `description` is the detail that the service gives.
  public enum Malformed: Error, Equatable, Sendable, CustomStringConvertible {
    case missing(String)
    case duplicate(String)
    case notWellFormed

    public var description: String {
      switch self {
      case .missing(let field): "\(field) is mandatory. Cannot be empty"
      case .duplicate, .notWellFormed: "Signature fields not well formed."
      }
    }
  }

  public let kind: Kind
  public let service: Service
  /// `sv`: the version whose rules the signature follows.
  public let version: String
  /// `sig`: Base64.
  public let signature: String
  /// `sp`.
  public let permissions: Set<Character>
  /// `srt`.
  public let resourceTypes: Set<Character>
  /// `st` and `se`.
  public let start: Timestamp?
  public let expiry: Timestamp?
  let fields: [String: String]

  /// Every query parameter that belongs to signatures.
  public static let parameters: Set<String> = [
    "sig", "sv", "sp", "st", "se", "sip", "spr", "ss", "srt", "sr", "si", "ses", "sdd", "rscc", "rscd", "rsce", "rscl", "rsct", "skoid", "sktid",
    "skt", "ske", "sks", "skv", "saoid", "suoid", "scid", "skdutid", "sduoid", "srh", "srq", "tn", "spk", "srk", "epk", "erk",
  ]
  /// The oldest version that is taken: older signatures sign neither which service they are for nor the headers that they set.
  public static let oldestVersion = "2015-04-05"

  /// The first version that signs each field that later versions brought. With an older one anybody could add it to somebody else's signature.
  private static let firstVersions = [
    "ses": "2020-12-06", "sdd": "2020-02-10", "saoid": "2020-02-10", "suoid": "2020-02-10", "scid": "2020-02-10", "skdutid": "2025-07-05",
    "sduoid": "2025-07-05", "srh": "2026-04-06", "srq": "2026-04-06",
  ]
  /// The same of what a signature for blobs can be for. Which of a container and a blob it is for, the name that is signed says by itself.
  private static let firstResourceVersions = [
    "b": oldestVersion, "c": oldestVersion, "bs": "2018-11-09", "bv": "2018-11-09", "d": "2020-02-10",
  ]

  /// Reads the signature of a query, whose names count in any case; nil where it has none. Throws `Malformed`.
  public init?(parsing query: Query, service: Service = .blob) throws(Malformed) {
    var fields: [String: String] = [:]
    for item in query.items {
      let name = item.name.lowercased()
      guard Self.parameters.contains(name) else { continue }
      guard fields.updateValue(item.value, forKey: name) == nil else { throw .duplicate(name) }
    }
    guard let signature = fields["sig"] else { return nil }
    guard !signature.isEmpty else { throw .missing("sig") }
    guard let version = fields["sv"], !version.isEmpty else { throw .missing("sv") }
    guard version.utf8.count == 10, Timestamp(iso8601: version) != nil, version >= Self.oldestVersion else { throw .notWellFormed }
    self.service = service
    self.version = version
    self.signature = signature
    fields = fields.filter { !$0.value.isEmpty }
    self.fields = fields
    permissions = Set(fields["sp"] ?? "")
    resourceTypes = Set(fields["srt"] ?? "")
    start = fields["st"].flatMap { Timestamp(iso8601: $0) }
    expiry = fields["se"].flatMap { Timestamp(iso8601: $0) }
    if fields["ss"] != nil || fields["srt"] != nil {
      kind = .account
    } else if fields["skoid"] != nil {
      kind = .userDelegation
    } else {
      kind = .service
    }
    try check()
  }

  /// The value of a field; nil where it is missing or empty.
  public subscript(field: String) -> String? { fields[field] }

  private func check() throws(Malformed) {
    let resource: [String] =
      switch service {
      case .blob: ["sr"]
      case .queue: []
      case .table: ["tn"]
      }
    let mandatory: [String] =
      switch kind {
      case .account: ["ss", "srt", "sp", "se"]
      case .service: resource + (fields["si"] == nil ? ["sp", "se"] : [])
      case .userDelegation: resource + ["sp", "se", "skoid", "sktid", "skt", "ske", "sks", "skv"]
      }
    for field in mandatory where fields[field] == nil { throw .missing(field) }
    // Fields are joined by line breaks when they are signed, and some end up in headers.
    guard fields.values.allSatisfy({ $0.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F } }) else { throw .notWellFormed }
    for (field, first) in Self.firstVersions where fields[field] != nil {
      guard version >= first else { throw .notWellFormed }
    }
    for field in ["st", "se", "skt", "ske", "skv"] {
      if let value = fields[field], Timestamp(iso8601: value) == nil { throw .notWellFormed }
    }
    for field in ["skoid", "sktid", "skdutid", "sduoid", "saoid", "suoid", "scid"] {
      if let value = fields[field], GUID(value) == nil { throw .notWellFormed }
    }
    let letters: KeyValuePairs<String, String> = ["sp": "racwdxyltfmeoipu", "ss": "bqtf", "srt": "sco", "sks": "bqtf"]
    for (field, allowed) in letters {
      guard let value = fields[field] else { continue }
      guard value.allSatisfy(allowed.contains), Set(value).count == value.count else { throw .notWellFormed }
    }
    try checkResource()
  }

  private func checkResource() throws(Malformed) {
    switch service {
    case .blob:
      guard let resource = fields["sr"] else { return }
      guard kind != .account, let first = Self.firstResourceVersions[resource], version >= first else { throw .notWellFormed }
      guard resource == "d" else { return }
      guard let depth = fields["sdd"] else { throw .missing("sdd") }
      guard let number = Int(depth), (0...Self.maximumDirectoryDepth).contains(number) else { throw .notWellFormed }
    case .queue: return
    case .table:
      // A bound on rows is one within a partition.
      guard fields["srk"] == nil || fields["spk"] != nil, fields["erk"] == nil || fields["epk"] != nil else { throw .notWellFormed }
    }
  }

  /// Directories below a container that `sdd` may count.
  public static let maximumDirectoryDepth = 60

  /// The headers of the answer that the signature sets: `rscc` and its like.
  public var responseHeaders: [(name: String, value: String)] {
    let names: KeyValuePairs<String, String> = [
      "rscc": "Cache-Control", "rscd": "Content-Disposition", "rsce": "Content-Encoding", "rscl": "Content-Language", "rsct": "Content-Type",
    ]
    return names.compactMap { field, header in fields[field].map { (header, $0) } }
  }

  /// Whether one of the keys made the signature.
  public func isValid(_ context: Context, keys: [SymmetricKey]) -> Bool {
    let text = stringToSign(context)
    return keys.contains { SharedKey.isValid(signature: signature, of: text, key: $0) }
  }
}

extension SharedAccessSignature {
  /// The query, without its question mark, of a signature that `key` makes of these fields. Throws `Malformed` where they are none.
  public static func query(
    signing fields: [(name: String, value: String)], _ context: Context, service: Service = .blob, key: SymmetricKey
  ) throws(Malformed) -> String {
    // The grammar is checked by reading the fields as a server would, with a signature that is still to come.
    guard let unsigned = try SharedAccessSignature(parsing: Query(items: fields + [("sig", "-")]), service: service) else { throw .missing("sig") }
    let signature = SharedKey.signature(of: unsigned.stringToSign(context), key: key)
    return (fields + [("sig", signature)]).map { "\($0.name)=\(percentEncoded($0.value))" }.joined(separator: "&")
  }
}
