public import Base
public import Logging
public import Records
internal import Synchronization
internal import Wire

/// What is entered of refusals, which have no transaction of their own: noted as they happen, and written together shortly after, never on a request's way.
/// What was noted and not yet written when the power fails is lost.
///
/// So that a flood of refusals does not become a flood of entries, a tenant has a number of them in each minute; of those beyond it one entry tells how
/// many there were. Callers whom a token names and those who are nobody have theirs apart, so that nobody hides what a known one tries by a flood.
public final class LedgerNotes: Sendable {
  /// Entries of one tenant and one kind in one minute, of known callers and of unknown ones each.
  public static let maximumPerMinute = 60
  /// Entries of all tenants that wait to be written. Further ones are counted alone.
  static let maximumWaiting = 4096
  /// Those of unknown callers leave room for the others.
  private static let maximumUnknownWaiting = maximumWaiting / 2
  /// How long notes are gathered for one transaction.
  static let gathering: Duration = .seconds(1)

  /// Any other is a text of the caller's choice.
  private static let methods: Set<String> = ["DELETE", "GET", "HEAD", "MERGE", "OPTIONS", "PATCH", "POST", "PUT"]

  private struct Source: Hashable {
    var tenant: GUID
    var kind: LedgerEntry.Kind
    var isKnown: Bool
  }

  private struct Note {
    var source: Source
    var entry: LedgerEntry
    /// How many refusals it tells of.
    var count = 1
  }

  private struct State {
    /// Since 1970.
    var minute: Int64 = 0
    /// What was entered in this minute.
    var counts: [Source: Int] = [:]
    /// What was only counted in this minute.
    var excess: [Source: Int] = [:]
    var waiting: [Note] = []

    var isEmpty: Bool { waiting.isEmpty && excess.isEmpty }
  }

  private let records: any RecordStore
  private let clock: any WallClock
  private let random: any RandomSource
  private let logger: Logger
  private let state = Mutex(State())
  private let wakeUps: AsyncStream<Void>
  private let wakeUp: AsyncStream<Void>.Continuation

  public init(records: any RecordStore, clock: any WallClock, random: any RandomSource, logger: Logger) {
    self.records = records
    self.clock = clock
    self.random = random
    self.logger = logger
    (wakeUps, wakeUp) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  /// Notes that somebody was not who they said (`authenticationFailure`), or may not do what they asked (`refusal`).
  ///
  /// `tenant` is one that there is, or `GUID.zero` where nobody can say whose affair it is. `personal` has the object id of who was proved to call as its
  /// `principal`; nothing that an unknown caller has chosen belongs in `subject` or `facts`, which stay for ever.
  public func note(
    _ kind: LedgerEntry.Kind, tenant: GUID, subject: String, request: GUID? = nil, facts: [String: String] = [:], personal: [String: String] = [:]
  ) {
    let now = clock.now()
    var facts = facts
    if let method = facts["method"], !Self.methods.contains(method) { facts["method"] = nil }
    let isKnown = personal["principal"].map { !$0.isEmpty && $0 != GUID.zero.description } ?? false
    let source = Source(tenant: tenant, kind: kind, isKnown: isKnown)
    let maximumWaiting = isKnown ? Self.maximumWaiting : Self.maximumUnknownWaiting
    let isFirst = state.withLock { [facts] state in
      let wasEmpty = state.isEmpty
      turn(&state, at: now)
      if state.counts[source, default: 0] < Self.maximumPerMinute, state.waiting.count < maximumWaiting {
        state.counts[source, default: 0] += 1
        let entry = LedgerEntry(
          id: random.guid(), time: now, tenant: tenant, kind: kind, subject: subject, outcome: .refused, request: request, facts: facts,
          personal: personal.filter { !$0.value.isEmpty })
        state.waiting.append(Note(source: source, entry: entry))
      } else {
        state.excess[source, default: 0] += 1
      }
      return wasEmpty
    }
    if isFirst { wakeUp.yield() }
  }

  /// Begins a new minute when the last one is over.
  private func turn(_ state: inout State, at now: Timestamp) {
    let minute = now.seconds / 60
    guard minute != state.minute else { return }
    tellExcess(&state, at: now)
    state.minute = minute
    state.counts = [:]
  }

  private func tellExcess(_ state: inout State, at now: Timestamp) {
    for (source, count) in state.excess {
      let facts = [
        "unlisted": String(count), "callers": source.isKnown ? "known" : "unknown", "minute": Timestamp(seconds: state.minute * 60).iso8601,
      ]
      let entry = LedgerEntry(
        id: random.guid(), time: now, tenant: source.tenant, kind: source.kind, subject: "/tenants/\(source.tenant)", outcome: .refused, facts: facts)
      state.waiting.append(Note(source: source, entry: entry, count: count))
    }
    state.excess = [:]
  }

  // MARK: Writing

  /// Writes what is noted, until its task is cancelled. What comes later is for `finish`.
  public func run() async throws {
    for await _ in wakeUps {
      repeat {
        try? await Task.sleep(for: Self.gathering)
        // Not part of what is cancelled.
        await Task { await self.write() }.value
      } while !Task.isCancelled && !state.withLock { $0.isEmpty }
    }
  }

  /// Writes all that is left, once nobody notes anything any more.
  public func finish() async {
    let now = clock.now()
    state.withLock { tellExcess(&$0, at: now) }
    await write()
  }

  /// Writes what has been noted so far, but for the number of what goes beyond the minute's entries, which may grow until the minute is over.
  package func write() async {
    let now = clock.now()
    let waiting = state.withLock { state in
      turn(&state, at: now)
      defer { state.waiting = [] }
      return state.waiting
    }
    guard !waiting.isEmpty else { return }
    do {
      try await records.write { transaction in
        for note in waiting { try note.entry.append(in: transaction) }
      }
    } catch {
      logger.error("notes of refusals wait for the ledger", metadata: ["entries": "\(waiting.count)", "error": "\(error)"])
      state.withLock { state in
        let all = waiting + state.waiting
        state.waiting = Array(all.prefix(Self.maximumWaiting))
        for note in all.dropFirst(Self.maximumWaiting) { state.excess[note.source, default: 0] += note.count }
      }
    }
  }
}
