internal import Base
internal import Edge
internal import NIOHTTP1
internal import Wire

/// The blob that a request names in `x-ms-copy-source`. It is asked for as a GET of its URL would ask for it, by the same way, and nowhere but here:
/// a URL outside of this cloud leads to nothing.
///
/// Source: Microsoft, "Copy Blob", "Put Block From URL", REST reference.
struct CopySource: Sendable {
  /// The URL without a signature.
  let url: String
  /// The GET that reads it, which its caller may do.
  let granted: GrantedRequest
  /// Whether the caller's own credentials permit it: then its errors are the caller's.
  let isCallers: Bool
  private let tagging: EdgeRequest
  private let version: String

  var call: StorageCall { granted.call }

  /// Bytes of the URL.
  static let maximumBytes = 2048
  private static let header = "x-ms-copy-source"

  /// What a source's header is called when it is a header of the GET.
  private static let renamed: KeyValuePairs<String, String> = [
    "x-ms-copy-source-authorization": "Authorization", "x-ms-source-if-match": "If-Match", "x-ms-source-if-none-match": "If-None-Match",
    "x-ms-source-if-modified-since": "If-Modified-Since", "x-ms-source-if-unmodified-since": "If-Unmodified-Since",
    "x-ms-source-if-tags": "x-ms-if-tags", "x-ms-source-range": "x-ms-range", "x-ms-source-encryption-key": "x-ms-encryption-key",
    "x-ms-source-encryption-key-sha256": "x-ms-encryption-key-sha256", "x-ms-source-encryption-algorithm": "x-ms-encryption-algorithm",
  ]

  /// Finds the source and whether it may be read. `trustsCaller`: the credentials of the request are good for a blob of the same account too.
  init(_ call: StorageCall, trustsCaller: Bool = false) async throws {
    guard let text = call.header(Self.header) else { throw StorageError.missingRequiredHeader(Self.header) }
    guard text.utf8.count <= Self.maximumBytes, let location = BlobLocation(text) else { throw StorageError.invalidHeaderValue(Self.header, text) }
    var request = call.request
    request.method = .GET
    (request.path, request.query, request.host, request.authority) = (location.path, location.query, location.host, location.authority)
    if Self.isSamePort(location, as: call.request) { (request.host, request.authority) = (call.request.host, call.request.authority) }
    request.body = EmptyBody()
    if request.host != call.request.host || location.isSecure != request.connection.isSecure {
      let portService = request.host == call.request.host ? request.connection.portService : nil
      request.connection = EdgeConnection(location.isSecure ? .tls13 : .none, portService: portService)
    }
    request.headers = ["x-ms-version": call.version]
    for (name, inner) in Self.renamed {
      if let value = call.header(name) { request.headers.add(name: inner, value: value) }
    }
    url = location.display
    version = call.version
    var tagging = request
    tagging.query.items.append(("comp", "tags"))
    for name in request.headers.map(\.name) where name != "Authorization" && name != "x-ms-version" { tagging.headers.remove(name: name) }
    self.tagging = tagging
    let isSigned = location.query["sig"] != nil || call.header("x-ms-copy-source-authorization") != nil
    do {
      let target = try Self.target(of: request, call)
      isCallers = trustsCaller && !isSigned && call.principal.isAccountWide && target.account == call.account.name
      granted = try await call.pipeline.grant(request, as: isCallers ? call.principal : nil, version: call.version)
    } catch {
      throw StorageError.cannotVerifyCopySource(StorageErrorResponse.cloudError(error))
    }
    // The one scope that an account can have (`allowedCopyScope`) is its own tenant.
    guard call.account.allowedCopyScope == nil || granted.call.account.tenant == call.account.tenant else { throw StorageError.authorizationFailure }
  }

  /// Whether a URL leads to the port of development storage that the request came to, by whichever name of the loopback.
  private static func isSamePort(_ location: BlobLocation, as request: EdgeRequest) -> Bool {
    func port(_ authority: String) -> Substring? { authority.split(separator: ":").dropFirst().last }
    return request.connection.portService != nil && !location.isSecure && loopbackNames.contains(location.host)
      && port(location.authority) == port(request.authority)
  }

  private static let loopbackNames = ["127.0.0.1", "localhost"]

  /// What the URL names in this cloud. Another host's path names an account only where the caller itself used that host.
  private static func target(of request: EdgeRequest, _ call: StorageCall) throws -> StorageTarget {
    guard call.pipeline.isAccountHost(request.host) || request.authority.equalsIgnoringASCIICase(call.request.authority) else {
      throw StorageError.resourceNotFound
    }
    let target = try call.pipeline.target(of: request)
    guard target.service == .blob, target.level == .blob, request.query["comp"] == nil, request.query["restype"] == nil else {
      throw StorageError.invalidUri
    }
    return target
  }

  /// Reads it. Throws what the destination's caller is told when that is refused.
  func read() async throws -> EdgeResponse {
    do {
      return try await granted.run()
    } catch {
      throw refused(error)
    }
  }

  /// What the caller is told when reading the source throws.
  func refused(_ error: any Error) -> CloudError {
    let error = StorageErrorResponse.cloudError(error)
    return isCallers ? error : StorageError.cannotVerifyCopySource(error)
  }

  /// Throws unless whoever reads the source may read its tags too.
  func requireTagging() async throws {
    do {
      _ = try await call.pipeline.grant(tagging, as: isCallers ? call.principal : nil, version: version)
    } catch {
      throw refused(error)
    }
  }
}

extension Principal {
  /// Whether what it may do is not bound to the one request that a signature was made for.
  fileprivate var isAccountWide: Bool {
    switch kind {
    case .accountKey, .user, .servicePrincipal: true
    default: false
    }
  }
}
