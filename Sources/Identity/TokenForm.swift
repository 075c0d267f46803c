internal import Base
package import Edge
internal import NIOCore
internal import NIOHTTP1
internal import Wire

/// The fields of a posted form, each at most once.
package struct TokenForm: Sendable {
  private let fields: [String: String]

  init(_ fields: [String: String]) {
    self.fields = fields
  }

  /// Reads a request's body. Throws 413 for one that is too large, and Entra's errors for one that is no form or repeats a field.
  package init(reading request: EdgeRequest) async throws {
    // Without the form's media type there is no field: Entra then names the first one that it misses.
    let type = request.headers.first(name: "content-type")?.prefix { $0 != ";" }.lowercased() ?? ""
    guard type.trimmedASCII == "application/x-www-form-urlencoded" else { throw OAuthErrors.grantMissing }
    let body: ByteBuffer
    do {
      body = try await request.body.collect(upTo: IdentityLimits.maximumFormBytes)
    } catch let error as CloudError where error.status == 413 {
      throw OAuthErrors.bodyTooLarge
    }
    guard let text = String(validating: body.readableBytesView, as: UTF8.self), let query = Query(parsing: text, plusIsSpace: true) else {
      throw OAuthErrors.malformedRequest
    }
    guard query.items.count <= IdentityLimits.maximumFormFields else { throw OAuthErrors.malformedRequest }
    var fields: [String: String] = [:]
    for item in query.items {
      guard fields.updateValue(item.value, forKey: item.name) == nil, !item.value.utf8.contains(0) else { throw OAuthErrors.malformedRequest }
    }
    self.fields = fields
  }

  /// A field's value; nil when it is missing or empty.
  package subscript(name: String) -> String? {
    fields[name].flatMap { $0.isEmpty ? nil : $0 }
  }

  /// Throws AADSTS900144 when it is missing.
  package func required(_ name: String) throws -> String {
    guard let value = self[name] else { throw OAuthErrors.missingParameter(name) }
    return value
  }
}

extension String {
  fileprivate var trimmedASCII: Substring {
    var text = self[...]
    while text.first == " " { text.removeFirst() }
    while text.last == " " { text.removeLast() }
    return text
  }
}
