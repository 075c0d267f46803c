public import Base
public import Declarations
public import Records

/// What the operator declares and code cannot see: who owns the company, which third parties there are, what an authority asked.
///
/// A register is a YAML file; `./cocagne secnumcloud register set NAME FILE` files it, as a whole.
public protocol Register: Sendable {
  /// Its name on the command line, in French, for example `capital`.
  static var name: String { get }
  /// What it holds.
  static var title: Text { get }
  /// A complete example with comments in French, for `register example`.
  static var example: String { get }
  /// Throws `DeclarationError`.
  init(reading document: Declaration) throws
}

/// One version of a register, as it was filed.
public struct RegisterVersion: Record, Codable, Sendable {
  public static let kind = "secnumcloud.register"

  public var name: String
  /// The file's name as its author gave it.
  public var file: String
  /// Who filed it, as the operator's system names them.
  public var author: String
  public var content: DocumentStore.Content
  public var time: Timestamp

  public var key: RecordKey {
    let digits = String(time.microseconds)
    return RecordKey(tenant: .zero, name, String(repeating: "0", count: max(0, 20 - digits.count)) + digits)
  }
}

/// A register with when and by whom it was filed.
public struct FiledRegister<R: Register>: Sendable {
  public var value: R
  public var version: RegisterVersion
}
