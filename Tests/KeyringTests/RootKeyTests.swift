import Base
import Glibc
import Keyring
import Simulation
import Testing

@Suite struct RootKeyTests {
  let directory = ScratchDirectory()

  private func write(_ bytes: [UInt8], to path: String, mode: mode_t = 0o600) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL, 0o600)
    #expect(bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) } == bytes.count)
    fchmod(descriptor, mode)
    close(descriptor)
  }

  private func status(_ path: String) -> stat {
    var status = stat()
    #expect(stat(path, &status) == 0)
    return status
  }

  @Test func aNewKeyIsAFileOf32BytesThatItsOwnerAloneMayUse() throws {
    let path = directory("root.key")
    let key = try RootKey(creatingAt: path, random: SystemRandom())
    #expect(status(path).st_mode & 0o7777 == 0o600)
    #expect(status(path).st_size == 32)
    #expect(try RootKey(readingFrom: path).id == key.id)
  }

  @Test func aKeyIsNeverWrittenOverAnother() throws {
    let path = directory("root.key")
    let first = try RootKey(creatingAt: path, random: SystemRandom())
    #expect(throws: KeyringError.self) { try RootKey(creatingAt: path, random: SystemRandom()) }
    #expect(try RootKey(readingFrom: path).id == first.id)
  }

  @Test(arguments: [0o644, 0o640, 0o620, 0o604, 0o601, 0o660, 0o777] as [mode_t])
  func aFileThatOthersMayUseIsRefused(mode: mode_t) throws {
    let path = directory("root.key")
    _ = try RootKey(creatingAt: path, random: SystemRandom())
    chmod(path, mode)
    #expect(throws: KeyringError.rootKeyFile("\(path) can be used by group or others: its mode must be 0600")) { try RootKey(readingFrom: path) }
  }

  @Test(arguments: [0, 1, 31, 33, 64])
  func aFileOfAnotherSizeIsRefused(count: Int) throws {
    let path = directory("root.key")
    write([UInt8](repeating: 7, count: count), to: path)
    #expect(throws: KeyringError.rootKeyFile("\(path) is not 32 bytes long")) { try RootKey(readingFrom: path) }
  }

  @Test func whatIsNoFileIsRefused() throws {
    #expect(throws: KeyringError.self) { try RootKey(readingFrom: directory("missing")) }
    #expect(throws: KeyringError.self) { try RootKey(readingFrom: directory.path) }
    _ = try RootKey(creatingAt: directory("root.key"), random: SystemRandom())
    symlink(directory("root.key"), directory("link"))
    #expect(throws: KeyringError.self) { try RootKey(readingFrom: directory("link")) }
  }

  @Test func nothingAboutAKeyIsPrinted() throws {
    let path = directory("root.key")
    let bytes = [UInt8](0..<32)
    write(bytes, to: path)
    let key = try RootKey(readingFrom: path)
    var dumped = ""
    dump(key, to: &dumped)
    for text in [dumped, "\(key)", String(reflecting: key), "\(KeyringError.wrongRootKey(expected: [key.id]))"] {
      #expect(text.contains(key.id.description) || text.contains(String(reflecting: key.id)) || text.contains("root key"))
      #expect(!text.contains("SymmetricKey"))
      #expect(!text.lowercased().contains(bytes.prefix(8).hexadecimal))
    }
    #expect(Array(Mirror(reflecting: key).children).count == 1)
  }
}
