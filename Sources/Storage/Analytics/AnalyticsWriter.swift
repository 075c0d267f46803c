internal import Base
internal import Keyring
internal import Records
internal import Wire

/// Puts lines and figures where their account's owner looks for them, and removes those whose time is over.
struct AnalyticsWriter: Sendable {
  private let records: any RecordStore
  private let keyring: Keyring
  private let contents: BlobContents
  private let blobs: SystemBlobs
  private let services: StorageServices

  static let container = "$logs"
  /// Blobs or rows that are removed at once.
  private static let maximumExpired = 256
  /// Blobs of one hour and service.
  private static let maximumLogs = 1_000_000

  init(_ services: StorageServices, limits: StorageLimits) {
    records = services.records
    keyring = services.keyring
    self.services = services
    contents = BlobContents(services)
    blobs = SystemBlobs(contents: contents, inlineBytes: limits.inlineBytes)
  }

  /// False where the account's key is closed: nothing was written.
  func write(
    _ logs: [StorageAnalytics.LogKey: StorageAnalytics.LogLines], _ figures: [StorageAnalytics.FiguresKey: RequestFigures], account name: String,
    now: Timestamp
  ) async throws -> Bool {
    guard let account = try await records.read({ try $0.fetch(StorageAccount.self, StorageAccount.key(name)) }) else { return true }
    guard try await services.openKeys([account.dataKey], tenant: account.tenant) else { return false }
    for (key, lines) in logs { try await write(lines, key, account, now: now) }
    if !figures.isEmpty {
      try await records.write { transaction in
        guard try Self.isThere(account, transaction) else { return }
        for (key, figures) in figures { try add(figures, key, account, now: now, transaction) }
      }
    }
    try await records.write { transaction in
      guard try Self.isThere(account, transaction) else { return }
      try expire(account, now: now, transaction)
    }
    return true
  }

  /// Whether the account has not been deleted since.
  private static func isThere(_ account: StorageAccount, _ reader: any RecordReader) throws -> Bool {
    try reader.fetch(StorageAccount.self, StorageAccount.key(account.name))?.partition == account.partition
  }

  // MARK: Logs

  private func write(_ lines: StorageAnalytics.LogLines, _ key: StorageAnalytics.LogKey, _ account: StorageAccount, now: Timestamp) async throws {
    let folder = Self.folder(key.service, key.hour)
    let number = try await records.read { reader in
      guard let container = try reader.fetch(Container.self, Container.key(account, name: Self.container)) else { return 0 }
      return try Self.firstFree(folder, container, reader)
    }
    let kinds = ["read", "write", "delete"].filter(lines.kinds.contains).joined(separator: ",")
    let metadata = [
      ("LogType", kinds), ("StartTime", lines.first.iso8601), ("EndTime", lines.last.iso8601), ("LogVersion", key.version),
    ]
    var log = try await blobs.prepare("\(folder)\(number.zeroPadded(6)).log", lines.lines, contentType: "text/plain", account: account)
    log.metadata = Metadata(items: metadata.map { Metadata.Item(name: $0.0, value: $0.1) })
    try await records.write { [log] transaction in
      guard try Self.isThere(account, transaction) else { return }
      try blobs.save(log, in: Self.container, account: account, now: now, transaction)
    }
  }

  /// `blob/2026/11/26/0100/`.
  private static func folder(_ service: StorageService, _ hour: Timestamp) -> String {
    let time = hour.iso8601
    return "\(service.rawValue)/\(time.prefix(10).replacing("-", with: "/"))/\(time.dropFirst(11).prefix(2))00/"
  }

  /// Found by halving: logs are numbered without gaps, but for those that somebody deleted.
  private static func firstFree(_ folder: String, _ container: Container, _ reader: any RecordReader) throws -> Int {
    func isTaken(_ number: Int) throws -> Bool {
      try reader.exists(Blob.self, Blob.key(container, name: "\(folder)\(number.zeroPadded(6)).log"))
    }
    var (free, step) = (0, 1)
    while free < maximumLogs, try isTaken(free) {
      free += step
      step *= 2
    }
    var low = free - step / 2
    while low + 1 < free {
      let middle = (low + free) / 2
      if try isTaken(middle) { low = middle } else { free = middle }
    }
    return free
  }

  // MARK: Figures

  /// `$MetricsHourPrimaryTransactionsBlob`.
  static func tableName(_ service: StorageService, isHourly: Bool) -> String {
    let title = service.rawValue.prefix(1).uppercased() + service.rawValue.dropFirst()
    return "$Metrics\(isHourly ? "Hour" : "Minute")PrimaryTransactions\(title)"
  }

  /// `20261126T0100`.
  static func partitionKey(_ time: Timestamp) -> String {
    time.iso8601.prefix(16).filter { $0 != "-" && $0 != ":" }
  }

  private func add(
    _ figures: RequestFigures, _ key: StorageAnalytics.FiguresKey, _ account: StorageAccount, now: Timestamp, _ transaction: RecordTransaction
  ) throws {
    let name = Self.tableName(key.service, isHourly: key.isHourly)
    var table = try transaction.fetch(Table.self, Table.key(account, name: name))
    if table == nil {
      let made = Table(tenant: account.tenant, partition: account.partition, name: name, id: contents.makeID(at: now), createdTime: now)
      try transaction.save(made)
      table = made
    }
    guard let table else { return }
    let entityKey = EntityKey(partition: Self.partitionKey(key.time), row: "user;\(key.operation)")
    let dataKey = try keyring.dataKey(account.dataKey, tenant: account.tenant, in: transaction)
    let existing = try transaction.fetch(Entity.self, Entity.key(tenant: table.tenant, table.id, entityKey))
    var sum = figures
    if let existing { sum.add(RequestFigures(try existing.properties(dataKey))) }
    try transaction.save(try Entity(entityKey, sum.properties, in: table, etag: ETag(at: now, after: existing?.etag), dataKey: dataKey))
  }

  // MARK: Retention

  private func expire(_ account: StorageAccount, now: Timestamp, _ transaction: RecordTransaction) throws {
    for service in [StorageService.blob, .queue, .table] {
      let settings =
        service == .blob
        ? try BlobServiceProperties.of(account, in: transaction).analytics : try ServiceProperties.of(account, service, in: transaction).analytics
      if let days = settings.logging.retention.days {
        try expireLogs(service, before: now.advanced(by: .seconds(-86400 * days)), account, transaction)
      }
      for (metrics, isHourly) in [(settings.hourMetrics, true), (settings.minuteMetrics, false)] {
        guard let days = metrics.retention.days else { continue }
        try expireFigures(Self.tableName(service, isHourly: isHourly), before: now.advanced(by: .seconds(-86400 * days)), account, transaction)
      }
    }
  }

  private func expireLogs(_ service: StorageService, before: Timestamp, _ account: StorageAccount, _ transaction: RecordTransaction) throws {
    guard let container = try transaction.fetch(Container.self, Container.key(account, name: Self.container)) else { return }
    let parent = RecordKey(tenant: container.tenant, container.id.description)
    let oldest = try transaction.list(
      Blob.self, under: parent, after: Blob.key(container, name: "\(service.rawValue)/"), limit: Self.maximumExpired)
    let limit = Self.folder(service, before)
    for blob in oldest {
      guard blob.name.hasPrefix("\(service.rawValue)/"), blob.name < limit else { break }
      try transaction.remove(Blob.self, blob.key)
      try contents.release(blob.content, tenant: blob.tenant, in: transaction)
    }
  }

  private func expireFigures(_ name: String, before: Timestamp, _ account: StorageAccount, _ transaction: RecordTransaction) throws {
    guard let table = try transaction.fetch(Table.self, Table.key(account, name: name)) else { return }
    let oldest = try transaction.list(Entity.self, under: RecordKey(tenant: table.tenant, table.id.description), limit: Self.maximumExpired)
    for entity in oldest {
      guard entity.entityKey.partition < Self.partitionKey(before) else { break }
      try transaction.remove(Entity.self, entity.key)
    }
  }
}
