internal import Base
internal import Edge
internal import NIOCore
internal import NIOHTTP1
internal import Wire

/// The answers of the table service, as OData writes them.
struct TableAnswers: Sendable {
  let format: ODataFormat
  /// The service's URL, without a slash at its end.
  private let root: String
  private let account: String

  init(_ call: StorageCall, format: ODataFormat? = nil, domain: String) throws(CloudError) {
    self.format = if let format { format } else { try ODataFormat.requested(by: call.request) }
    account = call.account.name
    let isHostStyle = StorageTarget.accountName(host: call.request.host, domain: domain) != nil
    root = isHostStyle ? "https://\(call.request.authority)" : "http://\(call.request.authority)/\(account)"
  }

  static var headers: HTTPHeaders {
    ["Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff", "DataServiceVersion": "3.0;"]
  }

  private func document(_ status: HTTPResponseStatus, _ body: [UInt8], _ headers: HTTPHeaders = TableAnswers.headers) -> EdgeResponse {
    var headers = headers
    headers.add(name: "Content-Type", value: format.contentType)
    return EdgeResponse(status, headers: headers, body: .bytes(ByteBuffer(bytes: body)))
  }

  /// What a client prefers of the answer to what it created.
  enum Preference: String, Sendable {
    case content = "return-content"
    case noContent = "return-no-content"

    static func of(_ request: EdgeRequest) -> Preference? {
      request.headers.first(name: "prefer").flatMap { Preference(rawValue: $0.trimmedASCII.lowercased()) }
    }
  }

  private func created(
    _ location: String, _ preference: Preference?, _ headers: HTTPHeaders, _ body: () -> [UInt8]
  ) -> EdgeResponse {
    var headers = headers
    if let preference { headers.add(name: "Preference-Applied", value: preference.rawValue) }
    headers.add(name: "Location", value: location)
    guard preference != .noContent else {
      headers.add(name: "DataServiceId", value: location)
      return EdgeResponse(.noContent, headers: headers)
    }
    return document(.created, body(), headers)
  }

  // MARK: Tables

  private func address(table name: String) -> String { "Tables('\(name)')" }

  func created(_ table: Table, _ preference: Preference?) -> EdgeResponse {
    created("\(root)/\(address(table: table.name))", preference, Self.headers) { single(table) }
  }

  func table(_ table: Table) -> EdgeResponse { document(.ok, single(table)) }

  private func single(_ table: Table) -> [UInt8] {
    var writer = ODataWriter()
    writer.object { writer in
      if format != .none { writer.member("odata.metadata", "\(root)/$metadata#Tables/@Element") }
      write(table, to: &writer)
    }
    return writer.bytes
  }

  func list(_ tables: [Table], next: String?) -> EdgeResponse {
    var writer = ODataWriter()
    writer.object { writer in
      if format != .none { writer.member("odata.metadata", "\(root)/$metadata#Tables") }
      writer.list("value", tables) { writer, table in writer.object { write(table, to: &$0) } }
    }
    var headers = Self.headers
    if let next { headers.add(name: "x-ms-continuation-NextTableName", value: Continuation.encode(next)) }
    return document(.ok, writer.bytes, headers)
  }

  private func write(_ table: Table, to writer: inout ODataWriter) {
    if format == .full {
      writer.member("odata.type", "\(account).Tables")
      writer.member("odata.id", "\(root)/\(address(table: table.name))")
      writer.member("odata.editLink", address(table: table.name))
    }
    writer.member("TableName", table.name)
  }

  // MARK: Entities

  func created(_ entity: Entity, _ properties: EntityProperties, in table: Table, _ preference: Preference?) -> EdgeResponse {
    var headers = Self.headers
    headers.add(name: "ETag", value: entity.etag.weak)
    return created("\(root)/\(table.name)\(entity.entityKey.addressed)", preference, headers) { single(entity, properties, in: table, nil) }
  }

  /// The answer to a change that gives nothing back; `entity` is nil for a deletion.
  func changed(_ entity: Entity?) -> EdgeResponse {
    var headers = Self.headers
    if let entity { headers.add(name: "ETag", value: entity.etag.weak) }
    return EdgeResponse(.noContent, headers: headers)
  }

  func entity(_ entity: Entity, _ properties: EntityProperties, in table: Table, _ selection: EntitySelection?) -> EdgeResponse {
    var headers = Self.headers
    headers.add(name: "ETag", value: entity.etag.weak)
    return document(.ok, single(entity, properties, in: table, selection), headers)
  }

  private func single(_ entity: Entity, _ properties: EntityProperties, in table: Table, _ selection: EntitySelection?) -> [UInt8] {
    var writer = ODataWriter()
    writer.object { writer in
      if format != .none { writer.member("odata.metadata", "\(root)/$metadata#\(table.name)/@Element\(selection?.suffix ?? "")") }
      write(entity, properties, in: table, selection, to: &writer)
    }
    return writer.bytes
  }

  func list(
    _ entities: [(entity: Entity, properties: EntityProperties)], in table: Table, _ selection: EntitySelection?, next: EntityKey?
  ) -> EdgeResponse {
    var writer = ODataWriter(reserving: 256 + entities.count * 512)
    writer.object { writer in
      if format != .none { writer.member("odata.metadata", "\(root)/$metadata#\(table.name)\(selection?.suffix ?? "")") }
      writer.list("value", entities) { writer, item in
        writer.object { write(item.entity, item.properties, in: table, selection, to: &$0) }
      }
    }
    var headers = Self.headers
    if let next {
      headers.add(name: "x-ms-continuation-NextPartitionKey", value: Continuation.encode(next.partition))
      headers.add(name: "x-ms-continuation-NextRowKey", value: Continuation.encode(next.row))
    }
    return document(.ok, writer.bytes, headers)
  }

  private func write(
    _ entity: Entity, _ properties: EntityProperties, in table: Table, _ selection: EntitySelection?, to writer: inout ODataWriter
  ) {
    if format == .full {
      let address = "\(table.name)\(entity.entityKey.addressed)"
      writer.member("odata.type", "\(account).\(table.name)")
      writer.member("odata.id", "\(root)/\(address)")
      writer.member("odata.etag", entity.etag.weak)
      writer.member("odata.editLink", address)
    } else if format == .minimal {
      writer.member("odata.etag", entity.etag.weak)
    }
    if selection?.contains("PartitionKey") ?? true { writer.member("PartitionKey", entity.entityKey.partition) }
    if selection?.contains("RowKey") ?? true { writer.member("RowKey", entity.entityKey.row) }
    if selection?.contains("Timestamp") ?? true {
      if format == .full { writer.member("Timestamp@odata.type", "Edm.DateTime") }
      writer.member("Timestamp", entity.timestamp.precise)
    }
    guard let selection else {
      for property in properties.all { write(property.name, property.value, to: &writer) }
      return
    }
    // A property that was asked for and is not there is null.
    for name in selection.names where !EntitySelection.systemNames.contains(name) {
      if let value = properties[name] { write(name, value, to: &writer) } else { writer.null(name) }
    }
  }

  private func write(_ name: String, _ value: EdmValue, to writer: inout ODataWriter) {
    // Text, numbers and truth are annotated in full metadata too where JSON's type would not tell them apart.
    if format != .none, value.needsAnnotation { writer.member("\(name)@odata.type", value.typeName) }
    writer.member(name, value.json)
  }
}

/// The properties that `$select` names.
struct EntitySelection: Sendable {
  let names: [String]

  static let systemNames: Set<String> = ["PartitionKey", "RowKey", "Timestamp"]

  /// Nil for all of them. Throws for more names than an entity can have.
  static func requested(by request: EdgeRequest) throws(CloudError) -> EntitySelection? {
    guard let text = request.query["$select"], !text.trimmedASCII.isEmpty else { return nil }
    var names: [String] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let name = String(part).trimmedASCII
      if name == "*" { return nil }
      guard !name.isEmpty else { throw TableError.querySyntax }
      if !names.contains(where: { $0.utf8.elementsEqual(name.utf8) }) { names.append(name) }
    }
    guard names.count <= EntityLimits.nameLength else { throw TableError.invalidInput }
    return EntitySelection(names: names)
  }

  private init(names: [String]) { self.names = names }

  func contains(_ name: String) -> Bool { names.contains(name) }

  /// What the context URL says of it.
  var suffix: String { "&$select=\(names.map { percentEncoded($0) }.joined(separator: ","))" }
}
