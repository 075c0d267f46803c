internal import Programs

#if canImport(Glibc)
  internal import Glibc
#endif

/// Small read-only discs that guests are provisioned from.
public enum ProvisioningDisc {
  /// Writes a disc image with a few files at its root. Nobody but root and the machine that it is given to may read it: it may hold a password.
  public static func write(files: [(name: String, bytes: [UInt8])], volume: String, udf: Bool, to path: String) async throws {
    let folder = path + ".files"
    guard mkdir(folder, 0o700) == 0 || errno == EEXIST else { throw HypervisorError.refused("\(folder) could not be made: \(errno)") }
    defer {
      for file in files { unlink("\(folder)/\(file.name)") }
      rmdir(folder)
    }
    for file in files { try write(file.bytes, to: "\(folder)/\(file.name)") }
    let partial = path + ".partial"
    unlink(partial)
    let descriptor = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw HypervisorError.refused("\(partial) could not be made: \(errno)") }
    close(descriptor)
    try await Program("genisoimage").run(
      ["-quiet", "-input-charset", "utf-8", "-volid", volume] + (udf ? ["-udf"] : []) + ["-joliet", "-rock", "-output", partial, folder])
    guard rename(partial, path) == 0 else { throw HypervisorError.refused("\(path) could not be made: \(errno)") }
  }

  private static func write(_ bytes: [UInt8], to path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw HypervisorError.refused("\(path) could not be made: \(errno)") }
    defer { close(descriptor) }
    var written = 0
    while written < bytes.count {
      let count = bytes[written...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 else { throw HypervisorError.refused("\(path) could not be written: \(errno)") }
      written += count
    }
  }
}
