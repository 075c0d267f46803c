internal import CPKCS11
internal import Dispatch
internal import Logging
internal import Synchronization

/// Sessions with one token, opened when they are needed, up to a bound. A token that went away is opened anew by the next call.
final class SessionPool: Sendable {
  private struct Token {
    var slot: UInt
    /// The login lasts as long as one session does: this one is used for nothing else.
    var login: UInt
    var idle: [UInt] = []
  }

  private struct State {
    var token: Token?
    var inUse = 0
    var isLost = false
    /// What the token refused, so that it is not tried until the token locks itself.
    var refusedPIN: [UInt8]?
    var failure: SecurityModuleError?
    var failedAt = ContinuousClock.now
  }

  private let cryptoki: Cryptoki
  private let label: String
  private let pin: @Sendable () throws -> [UInt8]
  private let logger: Logger
  private let state = Mutex(State())
  private let places = DispatchSemaphore(value: ModuleLimits.maximumSessions)
  private let handles = KeyHandles()

  init(cryptoki: Cryptoki, label: String, logger: Logger, pin: @escaping @Sendable () throws -> [UInt8]) {
    self.cryptoki = cryptoki
    self.label = label
    self.logger = logger
    self.pin = pin
  }

  /// Calls the token on this thread. Throws `SecurityModuleError`, or what `body` throws.
  func withSession<Value>(_ body: (ModuleSession) throws -> Value) throws -> Value {
    do {
      return try once(body)
    } catch let error as SecurityModuleError where error.code.map(ReturnValue.stale.contains) == true {
      // A key that was destroyed elsewhere and made again has another handle.
      handles.forgetAll()
      do {
        return try once(body)
      } catch let error as SecurityModuleError {
        throw error.meaning
      }
    } catch let error as SecurityModuleError {
      throw error.meaning
    }
  }

  private func once<Value>(_ body: (ModuleSession) throws -> Value) throws -> Value {
    guard places.wait(timeout: .now() + .seconds(ModuleLimits.sessionWaitSeconds)) == .success else { throw SecurityModuleError.busy }
    defer { places.signal() }
    let session = try checkOut()
    do {
      let value = try body(ModuleSession(cryptoki: cryptoki, handle: session, handles: handles))
      checkIn(session)
      return value
    } catch {
      throw discard(session, error)
    }
  }

  private func checkOut() throws -> UInt {
    try state.withLock { state in
      if state.isLost {
        // The library is closed for all its callers at once.
        guard state.inUse == 0 else { throw SecurityModuleError.unavailable("the token \(label) is being opened again") }
        close(&state)
      }
      if state.token == nil { try open(&state) }
      guard let slot = state.token?.slot else { preconditionFailure("the token was opened") }
      let session: UInt
      do {
        session = try state.token?.idle.popLast() ?? openSession(slot)
      } catch let error as SecurityModuleError {
        if error.code == CKR_SESSION_COUNT { throw SecurityModuleError.busy }
        throw seen(error, &state)
      }
      state.inUse += 1
      return session
    }
  }

  private func checkIn(_ session: UInt) {
    state.withLock { state in
      state.inUse -= 1
      if state.isLost { return }
      state.token?.idle.append(session)
    }
  }

  /// Gives a session up whose call failed, for an operation may have been left open in it, and says what the failure was.
  private func discard(_ session: UInt, _ error: any Error) -> any Error {
    state.withLock { state in
      state.inUse -= 1
      if state.isLost { return SecurityModuleError.unavailable("the token \(label) went away") }
      _ = cryptoki.functions.pointee.C_CloseSession(session)
      guard let failure = error as? SecurityModuleError else { return error }
      return seen(failure, &state)
    }
  }

  /// Looks whether a failure is the token's loss, and says what it was.
  private func seen(_ failure: SecurityModuleError, _ state: inout State) -> SecurityModuleError {
    let isLoss = failure.code.map(ReturnValue.lost.contains) ?? false
    let isDoubtful = failure == .noSuchKey || failure.code.map(ReturnValue.doubtful.contains) ?? false
    guard isLoss || isDoubtful && !isThere(state) else { return failure }
    state.isLost = true
    handles.forgetAll()
    logger.error("security module lost", metadata: ["token": "\(label)", "error": "\(failure)"])
    return .unavailable("the token \(label) went away")
  }

  /// Whether the token still answers and this process is still logged in.
  private func isThere(_ state: State) -> Bool {
    guard let token = state.token, (try? tokenLabel(token.slot)) == label else { return false }
    var info = ck_session_info()
    return cryptoki.functions.pointee.C_GetSessionInfo(token.login, &info) == CKR_OK && info.state == CKS_RW_USER_FUNCTIONS
  }

  private func close(_ state: inout State) {
    // The library forgets what it knew of its slots; a token that comes back is only seen by a library that begins anew.
    _ = cryptoki.functions.pointee.C_Finalize(nil)
    state.token = nil
    state.isLost = false
    handles.forgetAll()
  }

  private func open(_ state: inout State) throws {
    let pause = Duration.milliseconds(ModuleLimits.reopenPauseMilliseconds)
    if let failure = state.failure, ContinuousClock.now - state.failedAt < pause { throw failure }
    do {
      try initialize()
      let slot = try findSlot()
      let login = try openSession(slot)
      try logIn(login, &state)
      state.token = Token(slot: slot, login: login)
      state.failure = nil
      logger.notice("security module opened", metadata: ["token": "\(label)"])
    } catch let error as SecurityModuleError {
      _ = cryptoki.functions.pointee.C_Finalize(nil)
      let meaning = error == .pinRefused ? error : SecurityModuleError.unavailable("the token \(label) cannot be opened: \(error.reason)")
      state.failure = meaning
      state.failedAt = .now
      logger.error("security module unavailable", metadata: ["token": "\(label)", "error": "\(error)"])
      throw meaning
    }
  }

  private func initialize() throws {
    var arguments = ck_c_initialize_args()
    arguments.flags = CKF_OS_LOCKING_OK
    let code = cryptoki.functions.pointee.C_Initialize(&arguments)
    guard code == CKR_OK || code == CKR_CRYPTOKI_ALREADY_INITIALIZED else {
      throw SecurityModuleError.failed(function: "C_Initialize", code: code)
    }
  }

  private func findSlot() throws -> UInt {
    var count: UInt = 0
    try cryptoki.call("C_GetSlotList") { $0.C_GetSlotList(1, nil, &count) }
    guard count <= UInt(ModuleLimits.maximumSlots) else { throw SecurityModuleError.unavailable("the library has \(count) slots") }
    var slots = [UInt](repeating: 0, count: Int(count))
    try cryptoki.call("C_GetSlotList") { $0.C_GetSlotList(1, &slots, &count) }
    let found = slots.prefix(Int(min(count, UInt(slots.count)))).filter { (try? tokenLabel($0)) == label }
    guard let slot = found.first else { throw SecurityModuleError.unavailable("there is no token \(label)") }
    guard found.count == 1 else { throw SecurityModuleError.unavailable("\(found.count) tokens are called \(label)") }
    return slot
  }

  private func tokenLabel(_ slot: UInt) throws -> String {
    var info = ck_token_info()
    try cryptoki.call("C_GetTokenInfo") { $0.C_GetTokenInfo(slot, &info) }
    guard info.flags & CKF_TOKEN_INITIALIZED != 0 else { return "" }
    var bytes = withUnsafeBytes(of: info.label) { Array($0) }
    while bytes.last == UInt8(ascii: " ") { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
  }

  private func openSession(_ slot: UInt) throws -> UInt {
    var session: UInt = 0
    try cryptoki.call("C_OpenSession") { $0.C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, nil, nil, &session) }
    return session
  }

  private func logIn(_ session: UInt, _ state: inout State) throws {
    let pin: [UInt8]
    do {
      pin = try self.pin()
    } catch {
      throw SecurityModuleError.unavailable("its PIN cannot be read: \(error)")
    }
    guard pin != state.refusedPIN else { throw SecurityModuleError.pinRefused }
    let code = lending(pin) { cryptoki.functions.pointee.C_Login(session, CKU_USER, $0, $1) }
    if ReturnValue.pinRefused.contains(code) {
      state.refusedPIN = pin
      throw SecurityModuleError.pinRefused
    }
    guard code == CKR_OK || code == CKR_USER_ALREADY_LOGGED_IN else { throw SecurityModuleError.failed(function: "C_Login", code: code) }
    state.refusedPIN = nil
  }
}

extension SecurityModuleError {
  /// For a sentence.
  fileprivate var reason: String {
    switch self {
    case .unavailable(let reason), .unsupported(let reason): reason
    case .failed(let function, let code): "\(function) answered 0x\(String(code, radix: 16))"
    case .busy, .pinRefused, .noSuchKey, .keyExists, .invalidData: "\(self)"
    }
  }
}
