internal import Base
internal import Edge
internal import NIOCore
internal import NIOHTTP1
internal import Wire

/// Graph's answers.
extension EdgeResponse {
  static func graph(_ json: JSON, status: HTTPResponseStatus = .ok) -> EdgeResponse {
    EdgeResponse(
      status,
      headers: ["Content-Type": "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"],
      body: .bytes(ByteBuffer(bytes: json.bytes)))
  }

  static var noContent: EdgeResponse { EdgeResponse(.noContent) }

  static func plainText(_ text: String) -> EdgeResponse {
    EdgeResponse(.ok, headers: ["Content-Type": "text/plain"], body: .bytes(ByteBuffer(string: text)))
  }
}

/// One page of a list.
struct GraphPage: Sendable {
  /// Complete objects.
  var objects: [JSON.Object] = []
  /// The id of the last object that was looked at, when there are more behind it.
  var lastID: String?
  /// Of the whole list, where the caller asked for it.
  var total: Int?
}

extension JSON.Object {
  /// The members of one object before those of another.
  func followed(by other: JSON.Object) -> JSON.Object {
    var result = self
    for (name, value) in other.members { result[name] = value }
    return result
  }

  static func with(_ members: KeyValuePairs<String, JSON?>) -> JSON.Object {
    var object = JSON.Object()
    for case (let name, let value?) in members { object[name] = value }
    return object
  }
}
