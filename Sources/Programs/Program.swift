internal import Subprocess

#if canImport(Glibc)
  internal import Glibc
#endif

#if canImport(System)
  internal import System
#else
  internal import SystemPackage
#endif

/// A program of the host, such as `nft` or `qemu-img`, run to its end without a shell.
public struct Program: Sendable {
  /// A name that is looked up in `PATH`, or a path that begins with a slash.
  public var name: String
  /// What it gets instead of this process's environment: programs of the host are run in the C locale and with the standard path.
  public static let environment: [String: String] = ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"]

  /// A program that stops reading is an error of the write to it, and does not end this process.
  private static let expectBrokenPipes: Void = { _ = signal(SIGPIPE, SIG_IGN) }()

  public init(_ name: String) {
    self.name = name
  }

  /// Runs it and gives what it wrote to its standard output. Cancelling the task ends the program: SIGTERM, and SIGKILL two seconds later.
  ///
  /// `input` is what it reads on its standard input: secrets go there, never into `arguments`. Throws `ProgramFailure` where it cannot be
  /// started, ends by a signal, with a status other than those of `accepting`, or writes more than `outputLimit` bytes.
  @discardableResult
  public func run(
    _ arguments: [String], input: [UInt8] = [], accepting: Set<Int32> = [0], environment: [String: String] = [:], outputLimit: Int = 16 << 20
  ) async throws(ProgramFailure) -> ProgramOutput {
    Self.expectBrokenPipes
    var options = PlatformOptions()
    options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(2))]
    let executable: Executable = name.hasPrefix("/") ? .path(FilePath(name)) : .name(name)
    let variables = Self.environment.merging(environment) { $1 }
    do {
      let result = try await Subprocess.run(
        executable, arguments: Arguments(arguments),
        environment: .custom(Dictionary(uniqueKeysWithValues: variables.map { (Environment.Key(stringLiteral: $0.key), $0.value) })),
        platformOptions: options, input: .inputWriter, output: .bytes(limit: outputLimit), error: .string(limit: 64 << 10)
      ) { execution in
        // One that ends, or stops reading, before it has read everything is judged by how it ends.
        _ = try? await execution.standardInputWriter.write(input)
        try await execution.standardInputWriter.finish()
      }
      let complaint = result.standardError.trimmingSpace()
      guard case .exited(let status) = result.terminationStatus, accepting.contains(status) else {
        throw ProgramFailure(program: name, arguments: arguments, reason: "\(result.terminationStatus)", complaint: complaint)
      }
      return ProgramOutput(status: status, bytes: result.standardOutput, complaint: complaint)
    } catch let failure as ProgramFailure {
      throw failure
    } catch {
      throw ProgramFailure(program: name, arguments: arguments, reason: "\(error)", complaint: "")
    }
  }
}

/// What a program that ended well left behind.
public struct ProgramOutput: Sendable {
  public var status: Int32
  /// Its standard output.
  public var bytes: [UInt8]
  /// Its standard error, without space around it.
  public var complaint: String

  public var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// A program of the host did not do what it was asked for.
public struct ProgramFailure: Error, CustomStringConvertible {
  public var program: String
  public var arguments: [String]
  /// How it ended, or why it could not be started.
  public var reason: String
  /// What it wrote to its standard error.
  public var complaint: String

  public var description: String {
    "\(program) \(arguments.joined(separator: " ")): \(reason)\(complaint.isEmpty ? "" : ": \(complaint)")"
  }
}

extension String {
  fileprivate func trimmingSpace() -> String {
    var text = Substring(self)
    while text.last?.isWhitespace == true { text.removeLast() }
    while text.first?.isWhitespace == true { text.removeFirst() }
    return String(text)
  }
}
