internal import Base
internal import NIOHTTP1
internal import Records
internal import Wire

/// Resources of every declared type, and the lists that span types.
///
/// Source: Microsoft, "Resources", REST reference.
enum ResourceOperations {
  static func all(_ manager: ResourceManager, _ address: CloudAddress) -> [ArmOperation] {
    var operations = lists(manager)
    for provider in manager.catalog.providers {
      // What leads to a tenant's key must not need it.
      let needsRecords = !Resource.keyNamespaces.contains(provider.namespace.lowercased())
      for type in provider.types {
        let all = self.operations(of: type, manager, address)
        operations += needsRecords ? all.map(\.needingRecords) : all
      }
      for document in provider.documents {
        operations.append(
          ArmOperation("Document_\(document.path)", .GET, document.path, .open(reason: document.reason), at: .tenant) { _ in
            ArmAnswer(200, try await manager.records.read { try document.run($0) })
          })
      }
      for action in provider.actions { operations.append(operation(of: action, provider.namespace, manager)) }
    }
    return operations
  }

  // MARK: Lists over all types

  private static func lists(_ manager: ResourceManager) -> [ArmOperation] {
    [
      ArmOperation(
        "Resources_List", .GET, "/subscriptions/{subscription}/resources", .list("Microsoft.Resources/subscriptions/resources/read"),
        at: .subscription
      ) { try await list($0, in: ResourceID(subscription: $0.context.subscription), manager) },
      ArmOperation(
        "Resources_ListByResourceGroup", .GET, "/subscriptions/{subscription}/resourceGroups/{group}/resources",
        .list("Microsoft.Resources/subscriptions/resourceGroups/resources/read"), at: .group
      ) { try await list($0, in: ResourceID(subscription: $0.context.subscription, resourceGroup: $0["group"]), manager) },
    ]
  }

  private static func list(_ call: ArmCall, in parent: ResourceID, _ manager: ResourceManager) async throws -> ArmAnswer {
    let filter = try ListFilter.parse(call.context.query["$filter"])
    let refusal = try await manager.refusalOfRecords(call.context)
    let (resources, next) = try await manager.resources(
      in: parent, call.context, filter: filter, refusal: refusal, after: try call.skipPosition(), limit: try call.pageSize())
    let readable = try await call.readable(resources, { "\($0.id.type ?? "")/read" }, { $0.id.description })
    let expanded = expansions(call)
    return call.page(readable.map { $0.genericJSON(expanding: expanded) }, next: next)
  }

  // MARK: One type

  private static func operations(of type: any ResourceType, _ manager: ResourceManager, _ address: CloudAddress) -> [ArmOperation] {
    let shape = TypeShape(type.descriptor)
    var operations = reading(type, shape, manager) + changing(type, shape, manager, address)
    for view in type.views {
      operations.append(
        ArmOperation("\(shape.name)_\(view.name)", .GET, "\(shape.item)/\(view.name)", .permission(view.permission), at: .path(dropping: 1)) {
          call in
          ArmAnswer(200, try await manager.view(view, of: try id(call, dropping: 1, manager), call.context))
        })
    }
    for action in type.actions {
      operations.append(
        ArmOperation(
          "\(shape.name)_\(action.name)", .POST, "\(shape.item)/\(action.name)", .permission(action.permission), at: .path(dropping: 1),
          isLogged: action.isWrite
        ) { call in
          let id = try id(call, dropping: 1, manager)
          let (json, operation) = try await manager.act(action, on: id, body: call.body, ifMatch: call.ifMatch, call.context)
          if let operation {
            return OperationStatusOperations.acceptedBoth(operation, call.context, address, location: manager.locations[0].name)
          }
          return ArmAnswer(200, json.isNull ? nil : json)
        })
    }
    return operations
  }

  private static func reading(_ type: any ResourceType, _ shape: TypeShape, _ manager: ResourceManager) -> [ArmOperation] {
    let descriptor = type.descriptor
    let read = "\(descriptor.type)/read"
    var operations = [
      ArmOperation("\(shape.name)_Get", .GET, shape.item, .permission(read), at: .path(dropping: 0)) { call in
        answer(try await manager.resource(try id(call, dropping: 0, manager), call.context, expanding: expansions(call)), 200, descriptor)
      },
      ArmOperation("\(shape.name)_CheckExistence", .HEAD, shape.item, .permission(read), at: .path(dropping: 0)) { call in
        ArmAnswer(try await manager.resourceExists(try id(call, dropping: 0, manager), call.context) ? 204 : 404)
      },
    ]
    for (pattern, place) in shape.collections {
      let admission: ArmOperation.Admission = descriptor.isChild ? .permission(read) : .list(read)
      operations.append(
        ArmOperation("\(shape.name)_List", .GET, pattern, admission, at: place) { call in
          guard let parent = ResourceID(parentPath(call.path, descriptor)) else { throw ArmRefusal.missingSubscription }
          let (resources, next) = try await manager.resources(
            type: descriptor.type, in: parent, call.context, after: try call.skipPosition(), limit: try call.pageSize(),
            expanding: expansions(call))
          let readable = try await call.readable(resources, { _ in read }, { $0.resource.id.description })
          return call.page(readable.map { $0.json(descriptor) }, next: next)
        })
    }
    return operations
  }

  private static func expansions(_ call: ArmCall) -> Set<String> {
    Set((call.context.query["$expand"] ?? "").lowercased().split { $0 == "," || $0 == " " }.map(String.init))
  }

  private static func changing(
    _ type: any ResourceType, _ shape: TypeShape, _ manager: ResourceManager, _ address: CloudAddress
  ) -> [ArmOperation] {
    let descriptor = type.descriptor
    return [
      ArmOperation("\(shape.name)_CreateOrUpdate", .PUT, shape.item, .permission("\(descriptor.type)/write"), at: .path(dropping: 0)) { call in
        let id = try id(call, dropping: 0, manager)
        try await LinkedAccess.require(type, id, call, manager.catalog)
        let held = try await LinkedAccess.further(type, id, call)
        let (resource, created) = try await manager.putResource(
          id, type, body: call.body, ifMatch: call.ifMatch, ifNoneMatch: call.ifNoneMatch, held: held, call.context)
        return changed(resource, created ? descriptor.createdStatus : descriptor.updatedStatus, descriptor, call.context, address)
      },
      ArmOperation("\(shape.name)_Update", .PATCH, shape.item, .permission("\(descriptor.type)/write"), at: .path(dropping: 0)) { call in
        let id = try id(call, dropping: 0, manager)
        try await LinkedAccess.require(type, id, call, manager.catalog)
        let held = try await LinkedAccess.further(type, id, call)
        let resource = try await manager.patchResource(
          id, type, body: call.body, ifMatch: call.ifMatch, ifNoneMatch: call.ifNoneMatch, held: held, call.context)
        return changed(resource, 200, descriptor, call.context, address)
      },
      ArmOperation("\(shape.name)_Delete", .DELETE, shape.item, .permission("\(descriptor.type)/delete"), at: .path(dropping: 0)) { call in
        let (existed, operation) = try await manager.deleteResource(
          try id(call, dropping: 0, manager), ifMatch: call.ifMatch, ifNoneMatch: call.ifNoneMatch, call.context)
        if let operation {
          return OperationStatusOperations.acceptedBoth(operation, call.context, address, location: manager.locations[0].name)
        }
        return ArmAnswer(existed ? 200 : 204)
      },
    ]
  }

  private static func answer(_ resource: RenderedResource, _ status: Int, _ descriptor: ResourceTypeDescriptor) -> ArmAnswer {
    ArmAnswer(status, resource.json(descriptor), headers: [("ETag", "\"\(resource.resource.etag)\"")])
  }

  /// The answer to a change, with where to ask for the operation that it began.
  private static func changed(
    _ resource: RenderedResource, _ status: Int, _ descriptor: ResourceTypeDescriptor, _ context: ArmContext, _ address: CloudAddress
  ) -> ArmAnswer {
    var answer = answer(resource, status, descriptor)
    if let operation = resource.operation {
      let location = resource.resource.location ?? "global"
      answer.headers += OperationStatusOperations.headers(operation, context, address, location: location)
      answer.operation = operation
    }
    return answer
  }

  /// The resource that the path names, spelled as its type is declared.
  private static func id(_ call: ArmCall, dropping count: Int, _ manager: ResourceManager) throws -> ResourceID {
    guard let id = ResourceID(call.path.text(call.path.segments.count - count)) else { throw ArmRefusal.missingSubscription }
    return manager.catalog.spelled(id)
  }

  /// What a collection's path lies in: a parent resource, a group or a subscription.
  private static func parentPath(_ path: ArmPath, _ descriptor: ResourceTypeDescriptor) -> String {
    // A child's collection ends in the last type alone; a top-level type's in `providers/<namespace>/<type>`.
    path.text(path.segments.count - (descriptor.isChild ? 1 : 3))
  }

  // MARK: Actions of a namespace

  private static func operation(of action: ProviderAction, _ namespace: String, _ manager: ResourceManager) -> ArmOperation {
    var isChange = false
    if case .change = action.work { isChange = true }
    let (prefix, admission, place): (String, ArmOperation.Admission, ArmOperation.Place) =
      switch action.level {
      case .tenant: ("", isChange ? .permission(action.permission) : .authenticated(reason: "says the same to all of a tenant"), .tenant)
      case .subscription: ("/subscriptions/{subscription}", .permission(action.permission), .subscription)
      case .scope: ("{scope}", .permission(action.permission), .extended)
      }
    return ArmOperation(
      "\(namespace)_\(action.path)", action.method == .get ? .GET : .POST, "\(prefix)/providers/\(namespace)/\(action.path)", admission, at: place,
      isLogged: isChange
    ) { call in
      var parameters: [String: String] = [:]
      for item in call.context.query.items where parameters[item.name] == nil { parameters[item.name] = item.value }
      parameters.merge(call.parameters) { $1 }
      if action.level == .scope { parameters["scope"] = call.scope.description }
      let json = try await manager.act(action, on: call.scope, parameters: parameters, body: call.body, call.context)
      return ArmAnswer(200, json.isNull ? nil : json)
    }
  }
}

/// The path patterns of a type.
private struct TypeShape {
  /// For operations' names: `Microsoft.Storage/storageAccounts`.
  var name: String
  var item: String
  var collections: [(pattern: String, place: ArmOperation.Place)]

  init(_ descriptor: ResourceTypeDescriptor) {
    name = descriptor.type
    let words = descriptor.type.split(separator: "/").map(String.init)
    let subscription = "/subscriptions/{subscription}"
    let group = subscription + "/resourceGroups/{group}"
    let home = descriptor.scope == .resourceGroup ? group : subscription
    let types = Array(words.dropFirst())
    var path = "/providers/\(words[0])"
    for (index, type) in types.dropLast().enumerated() { path += "/\(type)/{name\(index)}" }
    let collection = "\(path)/\(types.last ?? "")"
    item = "\(home)\(collection)/{name}"
    if descriptor.isChild {
      collections = [("\(home)\(collection)", .path(dropping: 1))]
    } else if descriptor.scope == .resourceGroup {
      collections = [("\(subscription)\(collection)", .subscription), ("\(group)\(collection)", .group)]
    } else {
      collections = [("\(subscription)\(collection)", .subscription)]
    }
  }
}
