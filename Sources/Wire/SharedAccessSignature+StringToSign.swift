extension SharedAccessSignature {
  /// What of a request goes into the string beside the fields themselves.
  public struct Context: Sendable {
    public var account: String
    /// The container, queue or table.
    public var container: String
    /// Empty for a container, and for queues and tables.
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

  /// `/blob/<account>/<container>[/<blob>]`, where a directory is the first `sdd` segments of the blob's name; `/queue/<account>/<queue>`;
  /// `/table/<account>/<table>`, in lower case.
  private func resource(_ context: Context) -> String {
    var path = "/\(context.account)/\(service == .table ? context.container.lowercased() : context.container)"
    if service == .blob {
      switch fields["sr"] {
      case "c": break
      case "d":
        let depth = fields["sdd"].flatMap { Int($0) } ?? 0
        for segment in context.blob.split(separator: "/", omittingEmptySubsequences: false).prefix(depth) { path += "/\(segment)" }
      default: path += "/\(context.blob)"
      }
    }
    return "/\(service.rawValue)" + path
  }

  private static let overrides = ["rscc", "rscd", "rsce", "rscl", "rsct"]
  private static let keyRange = ["spk", "srk", "epk", "erk"]

  private func serviceString(_ context: Context) -> String {
    var lines = values(["sp", "st", "se"]) + [resource(context)] + values(["si", "sip", "spr", "sv"])
    switch service {
    case .blob:
      if version >= "2018-11-09" { lines += values(["sr"]) + [context.snapshot] }
      if version >= "2020-12-06" { lines += values(["ses"]) }
      lines += values(Self.overrides)
    case .queue: break
    case .table: lines += values(Self.keyRange)
    }
    return lines.joined(separator: "\n")
  }

  private func delegationString(_ context: Context) -> String {
    var lines = values(["sp", "st", "se"]) + [resource(context)] + values(["skoid", "sktid", "skt", "ske", "sks", "skv"])
    if service == .blob, version >= "2020-02-10" { lines += values(["saoid", "suoid", "scid"]) }
    if version >= "2025-07-05" { lines += values(["skdutid", "sduoid"]) }
    lines += values(["sip", "spr", "sv"])
    switch service {
    case .blob: lines += delegationLines(context)
    case .queue: break
    case .table: lines += values(Self.keyRange)
    }
    return lines.joined(separator: "\n")
  }

  private func delegationLines(_ context: Context) -> [String] {
    var lines = values(["sr"]) + [context.snapshot]
    if version >= "2020-12-06" { lines += values(["ses"]) }
    if version >= "2026-04-06" {
      let headers = named("srh", context.header)
      let parameters = named("srq", context.parameter)
      lines.append(headers.isEmpty ? "" : headers.joined(separator: "\n") + "\n")
      lines.append(parameters.isEmpty ? "" : "\n" + parameters.joined(separator: "\n"))
    }
    return lines + values(Self.overrides)
  }

  /// `name:value` for each of the comma-separated, escaped names of a field.
  private func named(_ field: String, _ value: (String) -> String?) -> [String] {
    (fields[field] ?? "").split(separator: ",").map { name in
      let name = percentDecoded(name) ?? String(name)
      return "\(name):\(value(name) ?? "")"
    }
  }
}
