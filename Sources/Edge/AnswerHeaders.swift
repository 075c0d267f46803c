internal import Base
internal import NIOCore
internal import NIOHTTP1
internal import Synchronization
internal import Wire

/// Adds what every answer carries: `Date`, `Server`, and the body's length.
final class AnswerHeaders: Sendable {
  private let clock: any WallClock
  private let cached = Mutex<(second: Int64, text: String)>((.min, ""))

  init(clock: any WallClock) {
    self.clock = clock
  }

  func complete(_ response: EdgeResponse) -> HTTPHeaders {
    var headers = response.headers
    if !headers.contains(name: "date") { headers.add(name: "Date", value: date()) }
    if !headers.contains(name: "server") { headers.add(name: "Server", value: "Cocagne") }
    let status = response.status
    let mayHaveBody = status != .noContent && status != .notModified && status.code >= 200
    if mayHaveBody, let length = response.body.length { headers.replaceOrAdd(name: "Content-Length", value: String(length)) }
    return headers
  }

  /// The date is formatted once a second.
  private func date() -> String {
    let now = clock.now()
    return cached.withLock { cached in
      if cached.second != now.seconds { cached = (now.seconds, now.httpDate) }
      return cached.text
    }
  }
}

extension EdgeResponse.Body {
  /// The value of Content-Length; nil where the body is sent in chunks.
  var length: Int? {
    switch self {
    case .bytes(let buffer): buffer.readableBytes
    case .stream(let length, _): length
    case .head(let length): length
    }
  }
}
