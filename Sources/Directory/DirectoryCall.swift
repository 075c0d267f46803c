internal import Access
internal import Base
internal import Edge
internal import NIOCore
internal import NIOHTTP1
internal import Wire

/// A request that passed its route's guard, with what every handler needs of it.
struct DirectoryCall: Sendable {
  var routed: RoutedRequest
  /// `https://graph.<domain>`.
  var baseURL: String
  /// The pattern of its route, for example `/users/{id}`.
  var pattern: String
  /// The action that its route is guarded by; empty where there is none.
  var action: String

  var request: EdgeRequest { routed.request }
  var principal: Principal { routed.principal }
  var tenant: GUID { routed.principal.tenant }

  /// The decoded value of a parameter of the route's pattern.
  func parameter(_ name: String) -> String { routed.parameters[name] ?? "" }

  /// A parameter that must be an object's id. What is none names nothing.
  func id(_ name: String = "id") throws -> GUID {
    guard let id = GUID(parameter(name)) else { throw GraphError.notFound(parameter(name)) }
    return id
  }

  /// The value of an alternate key, as in `applications(appId='…')`; nil when the path names the object by its id.
  func alternateKey(_ key: String) -> String? {
    let name = parameter("id")
    guard name.lowercased().hasPrefix(key.lowercased() + "=") else { return nil }
    return String(name.dropFirst(key.count + 1))
  }

  /// The body, which must be a JSON object within the bounds.
  func body() async throws -> JSON {
    let bytes = try await request.body.collect(upTo: DirectoryLimits.maximumBodyBytes)
    let limits = JSONLimits(depth: DirectoryLimits.maximumBodyDepth, bytes: DirectoryLimits.maximumBodyBytes)
    guard let json = try? JSON(parsing: bytes.readableBytesView, limits: limits), case .object = json else { throw GraphError.unreadableBody }
    return json
  }

  func query(_ schema: GraphSchema) throws -> GraphQuery {
    try GraphQuery(request.query, schema: schema)
  }

  /// `…/$metadata#users`, with what was selected.
  private func context(_ collection: String, _ query: GraphQuery?) -> JSON {
    let selected = query?.select.map { "(\($0.joined(separator: ",")))" } ?? ""
    return .string("\(baseURL)/v1.0/$metadata#\(collection)\(selected)")
  }

  /// An answer that is one object.
  func entity(_ whole: JSON.Object, _ schema: GraphSchema, query: GraphQuery? = nil, created: Bool = false) -> EdgeResponse {
    let selected = query?.select.map { "(\($0.joined(separator: ",")))" } ?? ""
    let head = JSON.Object.with(["@odata.context": .string("\(baseURL)/v1.0/$metadata#\(schema.collection)\(selected)/$entity")])
    return .graph(.object(head.followed(by: schema.shown(whole, select: query?.select))), status: created ? .created : .ok)
  }

  /// An answer that is a page of objects of one type.
  func list(_ page: GraphPage, _ schema: GraphSchema, query: GraphQuery, collection: String? = nil) -> EdgeResponse {
    let values: [JSON] = page.objects.map { .object(schema.shown($0, select: query.select)) }
    return list(values, context: context(collection ?? schema.collection, query), page: page, query: query)
  }

  /// An answer that is one object of whichever type, with its `@odata.type`.
  func directoryObject(_ whole: JSON.Object, _ schema: GraphSchema, query: GraphQuery) -> EdgeResponse {
    let head = JSON.Object.with([
      "@odata.context": .string("\(baseURL)/v1.0/$metadata#directoryObjects/$entity"), "@odata.type": .string(schema.odataType),
    ])
    return .graph(.object(head.followed(by: schema.shown(whole, select: query.select))))
  }

  /// An answer that is a page of objects of several types, which come with their `@odata.type`.
  func mixedList(_ page: GraphPage, query: GraphQuery?) -> EdgeResponse {
    let values: [JSON] = page.objects.map { typed in
      let schema = GraphSchema.of(typed)
      var shown = (schema ?? .directoryObject).shown(typed, select: query?.select)
      shown["@odata.type"] = nil
      return .object(JSON.Object.with(["@odata.type": typed["@odata.type"]]).followed(by: shown))
    }
    return list(values, context: context("directoryObjects", query), page: page, query: query)
  }

  /// The answer to `addPassword`.
  func credential(_ credential: JSON) -> EdgeResponse {
    let head = JSON.Object.with(["@odata.context": .string("\(baseURL)/v1.0/$metadata#microsoft.graph.passwordCredential")])
    return .graph(.object(head.followed(by: credential.object ?? JSON.Object())))
  }

  private func list(_ values: [JSON], context: JSON, page: GraphPage, query: GraphQuery?) -> EdgeResponse {
    let next = page.lastID.flatMap { last in query.map { "\(baseURL)\(request.path)?\($0.next(after: last))" } }
    return .graph(
      .object([
        "@odata.context": context, "@odata.count": page.total.map { .integer(Int64($0)) }, "@odata.nextLink": .string(next),
        "value": .array(values),
      ]))
  }

  /// An answer that is a list of ids.
  func ids(_ ids: [GUID]) -> EdgeResponse {
    .graph([
      "@odata.context": .string("\(baseURL)/v1.0/$metadata#Collection(Edm.String)"), "value": .array(ids.map { .string($0.description) }),
    ])
  }
}
