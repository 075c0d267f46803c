internal import Base
internal import Logging
internal import SecNumCloud
internal import Wire

extension Sovereignty {
  static let backupCommands = ["backup create", "backup test"]

  /// What the running cloud does for `cocagne backup …`.
  func backup(_ command: String, _ arguments: JSON) async throws -> JSON {
    guard let folder = arguments["folder"]?.string, folder.hasPrefix("/") else { throw OperatorError("Il manque un dossier.", "A folder lacks.") }
    let backup = PlatformBackup(observatory.platform)
    do {
      return command == "backup create" ? try await create(backup, folder) : try await test(backup, folder)
    } catch let failure as ObservationFailure {
      throw OperatorError(failure.text.french, failure.text.english)
    } catch let error as DiskError {
      throw OperatorError("\(folder) ne peut pas être écrit : \(error).", "\(folder) cannot be written: \(error).")
    }
  }

  private func create(_ backup: PlatformBackup, _ folder: String) async throws -> JSON {
    let made = try await backup.create(in: folder)
    observatory.platform.logger.notice("backup made", metadata: ["backup": "\(made.id)", "folder": "\(folder)"])
    return .object([
      "id": .string(made.id.description), "time": .string(made.time.iso8601), "folder": .string(folder), "sha256": .string(made.sums),
      "files": .integer(Int64(made.files)), "bytes": .integer(Int64(made.bytes)),
    ])
  }

  private func test(_ backup: PlatformBackup, _ folder: String) async throws -> JSON {
    let tried = try await backup.rehearse(folder)
    let level: String = tried.failure == nil ? "succeeded" : "failed"
    observatory.platform.logger.notice("backup tried", metadata: ["backup": "\(tried.backup)", "outcome": "\(level)"])
    return .object([
      "backup": .string(tried.backup.description), "time": .string(tried.time.iso8601), "records": .integer(Int64(tried.records)),
      "extents": .integer(Int64(tried.extents)), "failure": tried.failure.map { .string($0) },
    ])
  }
}
