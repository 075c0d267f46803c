internal import Base
public import Catalogue

/// What a dossier says: the state of one service at one moment, with the evidence that it rests on.
///
/// Equal contents make equal files, but for signatures and for what WeasyPrint writes into a PDF.
public struct DossierContent: Sendable {
  /// The service's name, as its clients reach it.
  public var service: String
  /// The version of the code that makes the dossier.
  public var version: String
  public var compliance: Compliance
  /// Every version of every register.
  public var registers: [RegisterVersion]
  public var path: Path
  public var architecture: ArchitecturePicture
  /// The plan of action, as its register has it.
  public var actions: [Action]

  public init(
    service: String, version: String, compliance: Compliance, registers: [RegisterVersion], path: Path, architecture: ArchitecturePicture,
    actions: [Action]
  ) {
    self.service = service
    self.version = version
    self.compliance = compliance
    self.registers = registers
    self.path = path
    self.architecture = architecture
    self.actions = actions
  }

  /// The way to ANSSI's decision.
  public struct Path: Sendable {
    /// One sentence: never more than what documents of ANSSI's say.
    public var summary: Text
    public var alarms: [Text]
    /// In their order.
    public var stages: [Stage]

    public init(summary: Text, alarms: [Text], stages: [Stage]) {
      self.summary = summary
      self.alarms = alarms
      self.stages = stages
    }
  }

  /// A step of the path: what is owed for it, and how far it is.
  public struct Stage: Sendable {
    /// For example `J1`.
    public var code: String
    public var title: Text
    /// For example « prêt pour J1 ».
    public var status: Text
    public var progress: Progress
    public var pieces: [StagePiece]

    public enum Progress: String, Sendable {
      /// A document of ANSSI's says so.
      case reached
      /// Everything that it asks for is there.
      case ready
      case waiting
    }

    public init(code: String, title: Text, status: Text, progress: Progress, pieces: [StagePiece]) {
      self.code = code
      self.title = title
      self.status = status
      self.progress = progress
      self.pieces = pieces
    }
  }

  /// A piece that a step asks for.
  public struct StagePiece: Sendable {
    public var title: Text
    /// Who owes it.
    public var source: Text
    public var isRequired: Bool
    public var isFiled: Bool

    public init(title: Text, source: Text, isRequired: Bool, isFiled: Bool) {
      self.title = title
      self.source = source
      self.isRequired = isRequired
      self.isFiled = isFiled
    }
  }

  /// What is to be done about a gap.
  public struct Action: Hashable, Sendable {
    public var id: String
    public var title: String
    public var items: [ItemID]
    public var owner: String
    /// As its author wrote it.
    public var due: String
    public var status: Text
    public var isDone: Bool

    public init(id: String, title: String, items: [ItemID], owner: String, due: String, status: Text, isDone: Bool) {
      self.id = id
      self.title = title
      self.items = items
      self.owner = owner
      self.due = due
      self.status = status
      self.isDone = isDone
    }
  }

  var time: Timestamp { compliance.time }
  var model: String { compliance.model }
}

/// Why a dossier cannot be made, read or printed.
public struct DossierError: Error, CustomStringConvertible {
  public var text: Text

  public init(_ french: String, _ english: String) { text = Text(french, english) }

  public var description: String { "\(text.french)\n    \(text.english)" }
}
