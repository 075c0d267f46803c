internal import Base
internal import NIOHTTP1
internal import Wire

/// Where a client asks how its operation is doing, in both of Azure's styles.
///
/// Source: Microsoft, "Track asynchronous Azure operations".
enum OperationStatusOperations {
  static func all(_ manager: ResourceManager, _ address: CloudAddress) -> [ArmOperation] {
    [
      ArmOperation(
        "Operations_Result", .GET, "/subscriptions/{subscription}/operationresults/{operation}",
        .initiator("Microsoft.Resources/subscriptions/operationresults/read"), at: .subscription
      ) { call in
        let operation = try await manager.operation(try id(call), call.context, canReadAll: call.hasPermission)
        switch operation.status {
        case .inProgress: return accepted(operation, call.context, address)
        case .succeeded: return ArmAnswer(200, operation.output)
        case .failed, .canceled:
          throw operation.failure?.error ?? CloudError(500, "InternalError", "The operation failed.")
        }
      },
      ArmOperation(
        "Operations_Status", .GET, "/subscriptions/{subscription}/providers/Microsoft.Resources/locations/{location}/operationStatuses/{operation}",
        .initiator("Microsoft.Resources/subscriptions/operationresults/read"), at: .subscription
      ) { call in
        let operation = try await manager.operation(try id(call), call.context, canReadAll: call.hasPermission)
        return ArmAnswer(200, operation.json(id: call.path.text), headers: operation.status.isTerminal ? [] : [retryAfter])
      },
    ]
  }

  /// 202 with where to ask and when. Nil: there is nothing left to wait for.
  static func accepted(_ operation: LongRunningOperation?, _ context: ArmContext, _ address: CloudAddress) -> ArmAnswer {
    guard let operation else { return ArmAnswer(200) }
    return ArmAnswer(202, headers: [("Location", resultURL(operation, context, address)), retryAfter])
  }

  /// The same for operations on one resource, whose clients know both styles.
  static func acceptedBoth(
    _ operation: LongRunningOperation, _ context: ArmContext, _ address: CloudAddress, location: String
  ) -> ArmAnswer {
    ArmAnswer(202, headers: [("Location", resultURL(operation, context, address)), statusHeader(operation, context, address, location), retryAfter])
  }

  /// What the answer to a PUT or PATCH carries while the world is not yet there.
  static func headers(
    _ operation: LongRunningOperation, _ context: ArmContext, _ address: CloudAddress, location: String
  ) -> [(name: String, value: String)] {
    [statusHeader(operation, context, address, location), retryAfter]
  }

  private static func resultURL(_ operation: LongRunningOperation, _ context: ArmContext, _ address: CloudAddress) -> String {
    let version = percentEncoded(context.apiVersion)
    return "\(address.url("management"))/subscriptions/\(operation.subscription)/operationresults/\(operation.id)?api-version=\(version)"
  }

  private static func statusHeader(
    _ operation: LongRunningOperation, _ context: ArmContext, _ address: CloudAddress, _ location: String
  ) -> (name: String, value: String) {
    let path = "/subscriptions/\(operation.subscription)/providers/Microsoft.Resources/locations/\(location)/operationStatuses/\(operation.id)"
    return ("Azure-AsyncOperation", "\(address.url("management"))\(path)?api-version=\(percentEncoded(context.apiVersion))")
  }

  private static let retryAfter = (name: "Retry-After", value: String(ResourceManagerLimits.pollIntervalSeconds))

  private static func id(_ call: ArmCall) throws -> GUID {
    guard let id = GUID(call["operation"]) else {
      throw CloudError(404, "OperationNotFound", "The operation '\(call["operation"])' could not be found.")
    }
    return id
  }
}
