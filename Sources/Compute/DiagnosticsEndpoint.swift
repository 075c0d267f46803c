internal import Base
internal import Crypto
public import Edge
internal import NIOCore
internal import NIOHTTP1
internal import Records
internal import Wire

/// Console logs of machines by a signed URL that ends by itself: host `diagnostics.`.
public final class DiagnosticsEndpoint: EdgeService {
  public let name = "diagnostics"
  private let service: ComputeService

  public init(service: ComputeService) {
    self.service = service
  }

  public func respond(to request: EdgeRequest) async -> EdgeResponse {
    let words = request.path.split(separator: "/").map(String.init)
    guard request.method == .GET || request.method == .HEAD, words.count == 2, words[1] == "serialconsole.log", let id = GUID(words[0]),
      let end = request.query["se"].flatMap({ Int64($0) }), let signature = request.query["sig"].flatMap({ Base64.decode($0) })
    else { return EdgeResponse(.notFound) }
    guard service.diagnostics.isValid(signature, id, end: end), service.clock.now().seconds < end else { return EdgeResponse(.forbidden) }
    let path = "\(service.configuration.folder)/machines/\(id)/console.log"
    let bytes = RemovableFile.tail(path, bytes: ComputeLimits.maximumConsoleBytes)
    let headers: HTTPHeaders = ["Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"]
    return EdgeResponse(
      .ok, headers: headers, body: request.method == .HEAD ? .head(length: bytes.count) : .bytes(ByteBuffer(bytes: bytes)))
  }
}

/// Signs the URLs of console logs. The key lives as long as the process: a URL is good for a short time anyway.
struct ConsoleSignatures: Sendable {
  private let key: SymmetricKey
  private let address: CloudAddress
  private static let lifetimeSeconds: Int64 = 7200

  init(random: any RandomSource, address: CloudAddress) {
    key = SymmetricKey(data: random.bytes(32))
    self.address = address
  }

  func url(of machine: Machine, now: Timestamp) -> String {
    let end = now.seconds + Self.lifetimeSeconds
    let signature = percentEncoded(Base64.encode(Array(HMAC<SHA256>.authenticationCode(for: message(machine.vmID, end), using: key))))
    return "\(address.url("diagnostics"))/\(machine.vmID)/serialconsole.log?se=\(end)&sig=\(signature)"
  }

  func isValid(_ signature: [UInt8], _ id: GUID, end: Int64) -> Bool {
    HMAC<SHA256>.isValidAuthenticationCode(signature, authenticating: message(id, end), using: key)
  }

  private func message(_ id: GUID, _ end: Int64) -> [UInt8] { Array("\(id)|\(end)".utf8) }
}
