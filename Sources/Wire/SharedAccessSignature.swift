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
  /// `sv`: the version whose rules the signature follows.
  public let version: String
  /// `sig`: Base64.
  public let signature: String
  private let fields: [String: String]

  /// Every query parameter that belongs to signatures.
  public static let parameters: Set<String> = [
    "sig", "sv", "sp", "st", "se", "sip", "spr", "ss", "srt", "sr", "si", "ses", "sdd", "rscc", "rscd", "rsce", "rscl", "rsct", "skoid", "sktid",
    "skt", "ske", "sks", "skv", "saoid", "suoid", "scid", "skdutid", "sduoid", "srh", "srq",
  ]
  /// The oldest version whose rules are known: signatures before it had other fields.
  public static let oldestVersion = "2012-02-12"

  /// Reads the signature of a query, whose names count in any case; nil where it has none. Throws `Malformed`.
  public init?(parsing query: Query) throws(Malformed) {
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
    self.version = version
    self.signature = signature
    self.fields = fields.filter { !$0.value.isEmpty }
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

  public var permissions: Set<Character> { Set(fields["sp"] ?? "") }
  public var start: Timestamp? { fields["st"].flatMap { Timestamp(iso8601: $0) } }
  public var expiry: Timestamp? { fields["se"].flatMap { Timestamp(iso8601: $0) } }

  private func check() throws(Malformed) {
    let mandatory: [String] =
      switch kind {
      case .account: ["ss", "srt", "sp", "se"]
      case .service: fields["si"] == nil ? ["sr", "sp", "se"] : ["sr"]
      case .userDelegation: ["sr", "sp", "se", "skoid", "sktid", "skt", "ske", "sks", "skv"]
      }
    for field in mandatory where fields[field] == nil { throw .missing(field) }
    // Fields are joined by line breaks when they are signed, and some end up in headers.
    guard fields.values.allSatisfy({ $0.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F } }) else { throw .notWellFormed }
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
    if let resource = fields["sr"] {
      guard kind != .account, ["b", "c", "d", "bs", "bv"].contains(resource) else { throw .notWellFormed }
      if resource == "d" {
        guard let depth = fields["sdd"] else { throw .missing("sdd") }
        guard let number = Int(depth), (0...Self.maximumDirectoryDepth).contains(number) else { throw .notWellFormed }
      }
    }
  }

  /// Directories below a container that `sdd` may count.
  public static let maximumDirectoryDepth = 60

  // MARK: Signing

  /// What of a request goes into the string beside the fields themselves.
  public struct Context: Sendable {
    public var account: String
    public var container: String
    /// Empty for a container.
    public var blob: String
    /// The time of the snapshot, or the id of the version, that the request names.
    public var snapshot: String
    /// The values of the request's headers and query parameters, by name in any case, for `srh` and `srq`.
    public var header: @Sendable (String) -> String?
    public var parameter: @Sendable (String) -> String?

    public init(
      account: String, container: String = "", blob: String = "", snapshot: String = "",
      header: @escaping @Sendable (String) -> String? = { _ in nil }, parameter: @escaping @Sendable (String) -> String? = { _ in nil }
    ) {
      self.account = account
      self.container = container
      self.blob = blob
      self.snapshot = snapshot
      self.header = header
      self.parameter = parameter
    }
  }

  public func stringToSign(_ context: Context) -> String {
    switch kind {
    case .account: accountString(context)
    case .service: serviceString(context)
    case .userDelegation: delegationString(context)
    }
  }

  private func values(_ names: [String]) -> [String] {
    names.map { fields[$0] ?? "" }
  }

  private func accountString(_ context: Context) -> String {
    let scope = version >= "2020-12-06" ? ["ses"] : []
    return ([context.account] + values(["sp", "ss", "srt", "st", "se", "sip", "spr", "sv"] + scope)).map { $0 + "\n" }.joined()
  }

  /// `/blob/<account>/<container>[/<blob>]`; a directory is the first `sdd` segments of the blob's name.
  private func resource(_ context: Context) -> String {
    var path = "/\(context.account)/\(context.container)"
    switch fields["sr"] {
    case "c": break
    case "d":
      let depth = fields["sdd"].flatMap { Int($0) } ?? 0
      for segment in context.blob.split(separator: "/", omittingEmptySubsequences: false).prefix(depth) { path += "/\(segment)" }
    default: path += "/\(context.blob)"
    }
    return version >= "2015-02-21" ? "/blob" + path : path
  }

  private static let overrides = ["rscc", "rscd", "rsce", "rscl", "rsct"]

  private func serviceString(_ context: Context) -> String {
    var lines = values(["sp", "st", "se"]) + [resource(context)] + values(["si"])
    if version >= "2015-04-05" { lines += values(["sip", "spr"]) }
    lines += values(["sv"])
    if version >= "2018-11-09" { lines += values(["sr"]) + [context.snapshot] }
    if version >= "2020-12-06" { lines += values(["ses"]) }
    if version >= "2013-08-15" { lines += values(Self.overrides) }
    return lines.joined(separator: "\n")
  }

  private func delegationString(_ context: Context) -> String {
    var lines = values(["sp", "st", "se"]) + [resource(context)] + values(["skoid", "sktid", "skt", "ske", "sks", "skv"])
    if version >= "2020-02-10" { lines += values(["saoid", "suoid", "scid"]) }
    if version >= "2025-07-05" { lines += values(["skdutid", "sduoid"]) }
    lines += values(["sip", "spr", "sv", "sr"]) + [context.snapshot]
    if version >= "2020-12-06" { lines += values(["ses"]) }
    if version >= "2026-04-06" {
      let headers = named("srh", context.header)
      let parameters = named("srq", context.parameter)
      lines.append(headers.isEmpty ? "" : headers.joined(separator: "\n") + "\n")
      lines.append(parameters.isEmpty ? "" : "\n" + parameters.joined(separator: "\n"))
    }
    lines += values(Self.overrides)
    return lines.joined(separator: "\n")
  }

  /// `name:value` for each of the comma-separated, escaped names of a field.
  private func named(_ field: String, _ value: (String) -> String?) -> [String] {
    (fields[field] ?? "").split(separator: ",").map { name in
      let name = percentDecoded(name) ?? String(name)
      return "\(name):\(value(name) ?? "")"
    }
  }

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
  public static func query(signing fields: [(name: String, value: String)], _ context: Context, key: SymmetricKey) throws(Malformed) -> String {
    // The grammar is checked by reading the fields as a server would, with a signature that is still to come.
    guard let unsigned = try SharedAccessSignature(parsing: Query(items: fields + [("sig", "-")])) else { throw .missing("sig") }
    let signature = SharedKey.signature(of: unsigned.stringToSign(context), key: key)
    return (fields + [("sig", signature)]).map { "\($0.name)=\(percentEncoded($0.value))" }.joined(separator: "&")
  }
}
