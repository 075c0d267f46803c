internal import Base
internal import Wire

/// The id in a reference such as `https://graph.<domain>/v1.0/directoryObjects/{id}`, of which only the end is looked at.
func referencedID(_ url: String) throws -> GUID {
  let segments = url.split(separator: "/")
  guard let last = segments.last else { throw GraphError.protocolError("Invalid URL format specified in @odata.id.") }
  let kinds: Set<String> = ["directoryobjects", "users", "groups", "serviceprincipals"]
  var text = String(last)
  var kind = segments.count >= 2 ? segments[segments.count - 2].lowercased() : ""
  // `directoryObjects('id')` is the other form.
  if text.hasSuffix("')"), let open = text.firstIndex(of: "(") {
    kind = text[..<open].lowercased()
    text = String(text[text.index(open, offsetBy: 2)...].dropLast(2))
  }
  guard kinds.contains(kind) else { throw GraphError.protocolError("Invalid URL format specified in @odata.id.") }
  guard let id = GUID(text) else { throw GraphError.protocolError("Invalid object identifier '\(text)'.") }
  return id
}

/// The `@odata.id` of a body that is a reference.
func reference(in body: JSON) throws -> GUID {
  guard let url = body["@odata.id"]?.string else {
    throw GraphError.protocolError("An invalid or missing '@odata.id' property was found in the request payload.")
  }
  return try referencedID(url)
}

/// The references of a `members@odata.bind` or the like; none when it is absent.
func boundReferences(_ name: String, in body: JSON) throws -> [GUID] {
  switch body[name] {
  case nil: return []
  case .array(let elements)? where elements.count <= DirectoryLimits.maximumBoundReferences:
    return try elements.map { element in
      guard let url = element.string else { throw GraphError.protocolError("Invalid value for annotation '\(name)'.") }
      return try referencedID(url)
    }
  case _?: throw GraphError.badRequest("The number of references in '\(name)' exceeds \(DirectoryLimits.maximumBoundReferences).")
  }
}
