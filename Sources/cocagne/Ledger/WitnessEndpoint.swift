internal import Edge
internal import Ledger
internal import Logging
internal import NIOCore
internal import NIOHTTP1

/// A witness's one operation over HTTP.
struct WitnessEndpoint: EdgeService {
  let name = "witness"
  let witness: ReferenceWitness
  let logger: Logger

  func respond(to request: EdgeRequest) async -> EdgeResponse {
    guard request.path.hasSuffix("/add-checkpoint") else { return Self.answer(404, "There is nothing here.\n") }
    guard request.method == .POST else { return Self.answer(405, "POST only.\n") }
    do {
      let body = try await request.body.collect(upTo: LedgerLimits.maximumWitnessRequestBytes)
      let answer = try await witness.addCheckpoint(Array(body.readableBytesView))
      if answer.status == 409 || answer.status == 422 { logger.warning("refused", metadata: ["status": "\(answer.status)"]) }
      return Self.answer(answer.status, answer.body, answer.contentType)
    } catch {
      logger.error("failed", metadata: ["error": "\(error)"])
      return Self.answer(500, "The checkpoint was not kept.\n")
    }
  }

  private static func answer(_ status: Int, _ body: String, _ contentType: String = "text/plain; charset=utf-8") -> EdgeResponse {
    EdgeResponse(HTTPResponseStatus(statusCode: status), headers: ["Content-Type": contentType], body: .bytes(ByteBuffer(string: body)))
  }
}
