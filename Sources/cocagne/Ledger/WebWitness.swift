internal import AsyncHTTPClient
internal import Base
internal import Ledger
internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL

/// A witness behind HTTPS.
///
/// Source: C2SP, "Transparency Log Witnesses" (tlog-witness).
struct WebWitness: LedgerWitness {
  private static let connecting: TimeAmount = .seconds(5)
  private static let answering: TimeAmount = .seconds(15)
  private static let maximumAnswerBytes = 16 << 10

  let name: String
  /// The prefix of submissions, without a slash at its end.
  let url: String
  let key: NoteVerifier
  /// The certificate of its authority in PEM; nil for those that the system trusts.
  let authority: String?
  let group: any EventLoopGroup

  func add(_ note: SignedNote, from size: Int, _ proof: [MerkleHash]) async throws -> WitnessAnswer {
    let (status, body) = try await post(WitnessRequest(oldSize: size, proof: proof, note: note).body)
    switch status {
    case 200:
      let signatures = body.split(separator: "\n").compactMap { SignedNote.Signature(line: $0) }.filter { key.isGood($0, over: note.text) }
      return signatures.isEmpty ? .refused("no cosignature by \(key)") : .kept(signatures)
    case 409:
      guard let known = Int(body.filter { $0 != "\n" }), known >= 0 else { return .refused("409: \(body.prefix(200))") }
      return .knows(size: known)
    case 422: return .contradicts("422: \(body.prefix(200))")
    default: return .refused("\(status): \(body.prefix(200))")
    }
  }

  private func post(_ body: String) async throws -> (status: Int, body: String) {
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.minimumTLSVersion = .tlsv12
    if let authority { tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(authority.utf8))) }
    var configuration = HTTPClient.Configuration(
      tlsConfiguration: tls, redirectConfiguration: .disallow, timeout: .init(connect: Self.connecting, read: Self.answering))
    configuration.httpVersion = .http1Only
    // Once a minute: a connection that stays open meanwhile would be worth nothing.
    let client = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
    do {
      var message = HTTPClientRequest(url: "\(url)/add-checkpoint")
      message.method = .POST
      message.body = .bytes(ByteBuffer(string: body))
      let response = try await client.execute(message, timeout: Self.answering)
      let answer = try await response.body.collect(upTo: Self.maximumAnswerBytes)
      try? await client.shutdown()
      return (Int(response.status.code), String(buffer: answer))
    } catch {
      try? await client.shutdown()
      throw error
    }
  }
}
