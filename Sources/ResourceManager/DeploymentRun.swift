internal import Base
internal import Logging
internal import NIOHTTP1
internal import Records
internal import Templates
internal import Wire

/// Carries a deployment out: its resources in the order of their dependencies, those that wait for nothing side by side, each by the same way that a
/// client's PUT takes. What was done before a crash is not done again.
extension ResourceManager {
  func deploy(_ operation: LongRunningOperation, _ dispatcher: ArmDispatcher?) async throws -> Step {
    guard let dispatcher else { throw DispatcherMissing() }
    let key = Deployment.key(operation.tenant, operation.target)
    guard let deployment = try await records.read({ try $0.fetch(Deployment.self, key) }) else {
      try await end(operation, failure: CloudError(404, "DeploymentNotFound", "Deployment '\(operation.target.name)' could not be found."))
      return .ended
    }
    try deployment.requireOpen()
    let context = operation.context(now: clock.now(), requestID: random.guid())
    do {
      let plan = try await plan(deployment, context)
      let failure = try await run(plan, operation, key, dispatcher)
      if let failure {
        try await finish(operation, key, outputs: nil, failure: failure)
      } else {
        if deployment.mode == .complete { try await removeOthers(plan, dispatcher, context) }
        let outputs = try await records.write { [catalog] transaction in
          try plan.template.outputs(plan.expanded, runtime: DeploymentRuntime(catalog: catalog, context: context, transaction: transaction))
        }
        try await finish(operation, key, outputs: outputs, failure: nil)
      }
    } catch let error as CloudError where error.status < 500 {
      try await finish(operation, key, outputs: nil, failure: error)
    }
    return .ended
  }

  /// Deployments need the way to every operation.
  struct DispatcherMissing: Error {}

  /// The plan of a recorded deployment: with the values that were fixed when it was submitted.
  private func plan(_ deployment: Deployment, _ context: ArmContext) async throws -> DeploymentPlan {
    var values: [String: JSON] = [:]
    for (name, value) in deployment.parameters.object?.members ?? [] { values[name] = value }
    if let sealed = deployment.secrets {
      let bytes = try await records.read { [secrets] in try secrets.open(sealed, tenant: deployment.tenant, in: $0) }
      for (name, value) in try JSON(parsing: bytes).object?.members ?? [] { values[name] = value }
    }
    let body: JSON = .object([
      "location": JSON.string(deployment.location), "properties": ["mode": .string(deployment.mode.rawValue), "template": deployment.template],
    ])
    return try await plan(
      deployment.id.name, group: deployment.id.resourceGroup, body: body, context, now: deployment.startTime, values: values)
  }

  /// How the deployment of one resource went.
  private enum Outcome {
    case done
    case failed(CloudError)
    /// The tenant's key closed meanwhile.
    case closed
  }

  /// Deploys everything; gives why it failed, if it did. Throws `RecordsClosed` once all that had begun has ended: then the rest is for later.
  private func run(
    _ plan: DeploymentPlan, _ operation: LongRunningOperation, _ key: RecordKey, _ dispatcher: ArmDispatcher
  ) async throws -> CloudError? {
    let wanted = plan.expanded.resources.filter { $0.isDeployed && !$0.isExisting }
    let recorded = try await mark(key) { $0.state = .running }
    var done = Set(recorded.steps.filter { $0.state == .succeeded }.map(\.target))
    let skipped = Set(plan.expanded.resources.filter { !$0.isDeployed || $0.isExisting }.map(\.id))
    var started: Set<ResourceID> = done
    var failures: [CloudError] = []
    var (isCanceled, isClosed) = (false, false)
    try await withThrowingTaskGroup(of: (ResourceID, Outcome).self) { group in
      var running = 0
      while true {
        isCanceled = try await records.read { try $0.fetch(Deployment.self, key)?.isCancelRequested ?? true }
        if failures.isEmpty, !isCanceled, !isClosed {
          for resource in wanted
          where !started.contains(resource.id) && resource.dependsOn.allSatisfy({ done.contains($0) || skipped.contains($0) })
            && running < ResourceManagerLimits.maximumParallelDeployments
          {
            guard let body = try await body(of: resource, plan, operation) else {
              isClosed = true
              break
            }
            started.insert(resource.id)
            running += 1
            group.addTask { await (resource.id, self.deploy(resource.id, resource.apiVersion, body, operation, key, dispatcher)) }
          }
        }
        guard let (id, outcome) = try await group.next() else { break }
        running -= 1
        switch outcome {
        case .done: done.insert(id)
        case .failed(let failure): failures.append(failure)
        case .closed: isClosed = true
        }
      }
    }
    try Task.checkCancellation()
    if isClosed { throw RecordsClosed() }
    if isCanceled { return CloudError(409, "DeploymentCanceled", "The deployment '\(plan.id.name)' was canceled.") }
    guard !failures.isEmpty else { return nil }
    return CloudError(
      failures.count == 1 ? failures[0].status : 409, "DeploymentFailed",
      "At least one resource deployment operation failed. Please list deployment operations for details. Please see "
        + "https://aka.ms/arm-deployment-operations for usage details.", target: plan.id.description, details: failures)
  }

  /// A resource's body, or the error that its expressions end in; nil where the tenant's key has closed.
  private func body(
    of resource: ExpandedResource, _ plan: DeploymentPlan, _ operation: LongRunningOperation
  ) async throws -> Result<JSON, CloudError>? {
    let context = operation.context(now: clock.now(), requestID: random.guid())
    do {
      return .success(
        try await records.write { [catalog] transaction in
          let runtime = DeploymentRuntime(catalog: catalog, context: context, transaction: transaction)
          return Self.withoutNulls(try plan.expanded.body(of: resource, runtime: runtime))
        })
    } catch is RecordsClosed {
      return nil
    } catch let error as CloudError where error.status < 500 {
      return .failure(error)
    }
  }

  /// A member that is `null` means its default, as if it were not there.
  private static func withoutNulls(_ json: JSON) -> JSON {
    switch json {
    case .object(let object): .object(JSON.Object(object.members.filter { !$0.value.isNull }.map { ($0.name, withoutNulls($0.value)) }))
    case .array(let items): .array(items.map(withoutNulls))
    default: json
    }
  }

  /// Deploys one resource and waits until it is there.
  private func deploy(
    _ id: ResourceID, _ apiVersion: String, _ body: Result<JSON, CloudError>, _ operation: LongRunningOperation, _ key: RecordKey,
    _ dispatcher: ArmDispatcher
  ) async -> Outcome {
    let stepID = random.guid()
    do {
      try await mark(key) { [now = clock.now()] deployment in
        deployment.steps.removeAll { $0.target == id }
        deployment.steps.append(Deployment.Step(id: stepID, target: id, state: .running, startTime: now))
      }
      let answer: ArmAnswer
      do {
        let context = operation.context(now: clock.now(), requestID: random.guid())
        answer = try await retryingConflicts {
          try await dispatcher.perform(.PUT, id.description, apiVersion: apiVersion, body: try body.get(), context)
        }
        if let begun = answer.operation { try await awaitEnd(of: begun) }
      } catch let error as CloudError where error.status < 500 {
        try await mark(key) { [now = clock.now()] deployment in
          guard let index = deployment.steps.firstIndex(where: { $0.id == stepID }) else { return }
          deployment.steps[index].state = .failed
          deployment.steps[index].statusCode = error.status
          deployment.steps[index].failure = LongRunningOperation.Failure(error)
          deployment.steps[index].endTime = now
        }
        var shown = error
        shown.target = shown.target ?? id.description
        return .failed(shown)
      }
      try await mark(key) { [now = clock.now()] deployment in
        guard let index = deployment.steps.firstIndex(where: { $0.id == stepID }) else { return }
        deployment.steps[index].state = .succeeded
        deployment.steps[index].statusCode = answer.status
        deployment.steps[index].endTime = now
      }
      return .done
    } catch is RecordsClosed {
      return .closed
    } catch {
      if !(error is CancellationError) { logger.error("deployment step failed", metadata: ["target": "\(id)", "error": "\(error)"]) }
      return .failed(CloudError(500, "InternalServerError", "The deployment of '\(id.name)' failed inside of the platform."))
    }
  }

  /// A resource that an operation of an earlier run still works on takes its PUT once that has ended.
  private func retryingConflicts(_ body: () async throws -> ArmAnswer) async throws -> ArmAnswer {
    for _ in 0..<ResourceManagerLimits.maximumConflictWaits {
      do {
        return try await body()
      } catch let error as CloudError where error.status == 409 && error.code == "Conflict" {
        try await Task.sleep(for: .milliseconds(ResourceManagerLimits.deletionPollMilliseconds))
      }
    }
    return try await body()
  }

  private func awaitEnd(of operation: LongRunningOperation) async throws {
    while true {
      guard let current = try await records.read({ try $0.fetch(LongRunningOperation.self, operation.key) }) else { return }
      if current.status.isTerminal {
        // How it ended is sealed.
        if current.sealed != nil { throw RecordsClosed() }
        if let failure = current.failure { throw failure.error }
        return
      }
      try await Task.sleep(for: .milliseconds(ResourceManagerLimits.deletionPollMilliseconds))
    }
  }

  @discardableResult
  private func mark(_ key: RecordKey, _ change: @escaping @Sendable (inout Deployment) -> Void) async throws -> Deployment {
    try await records.write { [clock] transaction in
      guard var deployment = try transaction.fetch(Deployment.self, key) else {
        throw CloudError(404, "DeploymentNotFound", "The deployment is gone.")
      }
      try deployment.requireOpen()
      change(&deployment)
      deployment.timestamp = clock.now()
      try transaction.save(deployment)
      return deployment
    }
  }

  /// Ends a deployment where it stands.
  func endDeployment(_ operation: LongRunningOperation, failure: CloudError) async throws {
    try await finish(operation, Deployment.key(operation.tenant, operation.target), outputs: nil, failure: failure)
  }

  private func finish(_ operation: LongRunningOperation, _ key: RecordKey, outputs: JSON?, failure: CloudError?) async throws {
    try await mark(key) { deployment in
      deployment.state = failure == nil ? .succeeded : failure?.code == "DeploymentCanceled" ? .canceled : .failed
      deployment.failure = failure.map { LongRunningOperation.Failure($0) }
      deployment.outputs = outputs
      deployment.outputResources = deployment.steps.filter { $0.state == .succeeded }.map(\.target)
      deployment.secrets = nil
    }
    try await end(operation, failure: failure)
  }

  /// What a complete deployment does not name goes.
  private func removeOthers(_ plan: DeploymentPlan, _ dispatcher: ArmDispatcher, _ context: ArmContext) async throws {
    let named = Set(plan.expanded.resources.map(\.id))
    let place = Resource.key(tenant: context.tenant, ResourceID(subscription: plan.id.subscription, resourceGroup: plan.id.resourceGroup))
    var waiting = true
    var rounds = 0
    // One that another needs goes once the other has gone.
    while waiting, rounds < ResourceManagerLimits.maximumConflictWaits {
      waiting = false
      rounds += 1
      let others = try await records.read { try $0.list(Resource.self, under: place, limit: ResourceManagerLimits.maximumPageItems) }
        .filter { other in !named.contains { $0 == other.id || other.id.canonical.hasPrefix($0.canonical + "/") } }
      var refusal: CloudError?
      var progressed = false
      for other in others {
        waiting = true
        guard other.provisioningState != .deleting else {
          progressed = true
          continue
        }
        do {
          _ = try await dispatcher.perform(.DELETE, other.id.description, apiVersion: "2021-04-01", body: .null, context)
          progressed = true
        } catch let error as CloudError where error.status < 500 {
          refusal = error
        }
      }
      if let refusal, !progressed { throw refusal }
      if waiting { try await Task.sleep(for: .milliseconds(ResourceManagerLimits.deletionPollMilliseconds)) }
    }
  }
}
