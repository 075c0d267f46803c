internal import Base
internal import Logging
internal import Records

extension Ledger {
  func publishHeads() async throws {
    while !Task.isCancelled {
      do {
        try await publish()
      } catch let error where !(error is CancellationError) {
        logger.error("the ledger's head was not signed", metadata: ["error": "\(error)"])
      }
      try await Task.sleep(for: LedgerLimits.headInterval)
    }
  }

  /// Signs a head where the log has grown, and hands the newest to every witness that has not kept it. What fails is kept for `status` and tried again.
  @discardableResult
  public func publish() async throws -> LedgerHead {
    try await fileAll()
    let (head, _) = try await signHead()
    await withTaskGroup(of: Void.self) { group in
      for witness in witnesses {
        group.addTask {
          do {
            try await self.publish(head, to: witness)
          } catch {
            self.logger.error("a witness's answer was not kept", metadata: ["witness": "\(witness.name)", "error": "\(error)"])
          }
        }
      }
    }
    return head
  }

  private func publish(_ head: LedgerHead, to witness: any LedgerWitness) async throws {
    let state = try await records.read { try $0.fetch(WitnessState.self, WitnessState.key(witness.name)) } ?? WitnessState(name: witness.name)
    guard state.size < head.size || state.problem != nil, let checkpoint = SignedNote(head.note) else { return }
    var known = min(state.size, head.size)
    // Twice: a witness that knows another size says which.
    for isLast in [false, true] {
      let answer: WitnessAnswer
      do {
        let proof = try await records.read { [known] in try Self.transparencyLog.consistency(from: known, to: head.size, in: $0) }
        answer = try await witness.add(checkpoint, from: known, proof)
      } catch {
        return try await remember(witness, problem: "\(error)")
      }
      switch answer {
      case .kept(let signatures): return try await remember(witness, kept: head, signatures)
      case .refused(let reason): return try await remember(witness, problem: reason)
      case .contradicts(let reason): return try await remember(witness, problem: reason, isContradiction: true)
      case .knows(let size) where size > head.size || size == known:
        return try await remember(witness, problem: "it has seen \(size) entries, and another history than these \(head.size)", isContradiction: true)
      case .knows(let size):
        guard !isLast else { return try await remember(witness, problem: "it knows \(size) entries") }
        known = size
      }
    }
  }

  private func remember(_ witness: any LedgerWitness, kept head: LedgerHead, _ signatures: [SignedNote.Signature]) async throws {
    let now = clock.now()
    try await records.write { transaction in
      var state = try transaction.fetch(WitnessState.self, WitnessState.key(witness.name)) ?? WitnessState(name: witness.name)
      (state.size, state.time, state.problem, state.isContradiction) = (head.size, now, nil, false)
      try transaction.save(state)
      guard !signatures.isEmpty, var stored = try transaction.fetch(LedgerHead.self, head.key), var note = SignedNote(stored.note) else { return }
      let names = Set(signatures.map(\.name))
      note.signatures = note.signatures.filter { !names.contains($0.name) } + signatures
      stored.note = note.description
      try transaction.save(stored)
    }
  }

  private func remember(_ witness: any LedgerWitness, problem: String, isContradiction: Bool = false) async throws {
    logger.warning(
      isContradiction ? "a witness contradicts the ledger" : "a witness has not kept the ledger's head",
      metadata: ["witness": "\(witness.name)", "reason": "\(problem)"])
    try await records.write { transaction in
      var state = try transaction.fetch(WitnessState.self, WitnessState.key(witness.name)) ?? WitnessState(name: witness.name)
      (state.problem, state.isContradiction) = (problem, isContradiction)
      try transaction.save(state)
    }
  }
}
