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
        case .succeeded: return ArmAnswer(200)
        case .failed:
          let failure = operation.failure
          throw CloudError(
            failure?.status ?? 500, failure?.code ?? "InternalError", failure?.message ?? "The operation failed.")
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
    let version = percentEncoded(context.apiVersion)
    let location = "\(address.url("management"))/subscriptions/\(operation.subscription)/operationresults/\(operation.id)?api-version=\(version)"
    return ArmAnswer(202, headers: [("Location", location), retryAfter])
  }

  private static let retryAfter = (name: "Retry-After", value: String(ResourceManagerLimits.pollIntervalSeconds))

  private static func id(_ call: ArmCall) throws -> GUID {
    guard let id = GUID(call["operation"]) else {
      throw CloudError(404, "OperationNotFound", "The operation '\(call["operation"])' could not be found.")
    }
    return id
  }
}
