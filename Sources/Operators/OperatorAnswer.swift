public import Edge
internal import NIOCore
public import NIOHTTP1
public import Wire

/// Answers of the operators' API.
public enum OperatorAnswer {
  public static func json(_ json: JSON, _ status: HTTPResponseStatus = .ok) -> EdgeResponse {
    EdgeResponse(
      status, headers: ["Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store"],
      body: .bytes(ByteBuffer(bytes: json.bytes)))
  }
}
