internal import Base
internal import Records
internal import Wire

/// A search for blobs by their tags. It walks the index from the first value that can match to the last: blobs whose tags say otherwise are not read,
/// but for those that one of the comparisons fits and another does not.
struct TagSearch: Sendable {
  private let comparisons: [TagComparison]
  private let account: StorageAccount
  /// The container to stay in.
  private let container: String?
  /// No blob can match.
  private let isEmpty: Bool
  /// The comparison of which the index gives the blobs.
  private let leading: TagComparison
  /// The value at which to begin.
  private let first: String

  struct Page: Sendable {
    var found: [(container: String, blob: Blob)]
    /// Those of the expression.
    var keys: Set<String>
    var next: Marker?
  }

  /// Blobs of one page that are looked at, whether they match or not.
  static let maximumExamined = 5000
  private static let batch = 256

  /// Throws 400 for an expression that does not name a tag.
  init(_ expression: String, account: StorageAccount, container: String?) throws(CloudError) {
    let all = try TagCondition(parsing: expression, in: .search).conjunction ?? []
    let named = all.filter { $0.key == TagComparison.container }.map(\.value)
    comparisons = all.filter { $0.key != TagComparison.container }
    let range: Set<TagComparison.Sign> = [.greater, .greaterOrEqual]
    guard let leading = comparisons.first(where: { $0.sign == .equal }) ?? comparisons.first(where: { range.contains($0.sign) }) ?? comparisons.first
    else { throw StorageError.invalidQueryParameterValue("where", expression) }
    self.leading = leading
    self.account = account
    let containers = Set(named + (container.map { [$0] } ?? []))
    self.container = containers.first
    isEmpty = containers.count > 1
    first = leading.sign == .equal || range.contains(leading.sign) ? leading.value : ""
  }

  func page(after marker: Marker?, limit: Int, in reader: any RecordReader) throws -> Page {
    var page = Page(found: [], keys: Set(comparisons.map(\.key)))
    if isEmpty { return page }
    let all = [account.partition, leading.key] + (leading.sign == .equal ? [leading.value] : [])
    let parent = leading.sign == .equal ? all + (container.map { [$0] } ?? []) : all
    var position =
      marker?.position(of: leading.key, account)
      ?? RecordIndexPosition(
        components: [account.partition, leading.key, first, ""], key: RecordKey(tenant: account.tenant, components: []))
    var containers: [String: GUID?] = [:]
    var examined = 0
    while true {
      let count = min(Self.batch, Self.maximumExamined - examined, limit - page.found.count + 1)
      let blobs = try reader.list(Blob.self, index: Blob.tagIndex, parent, tenant: account.tenant, after: position, limit: count)
      for blob in blobs {
        guard let scope = blob.tagScope, let value = blob.tags[leading.key] else { return page }
        if isBeyond(value) { return page }
        if page.found.count == limit {
          page.next = Marker(position)
          return page
        }
        examined += 1
        position = RecordIndexPosition(components: [account.partition, leading.key, value, scope.container], key: blob.key)
        guard container ?? scope.container == scope.container, comparisons.allSatisfy({ blob.tags[$0.key].map($0.holds) ?? false }) else { continue }
        // One that was deleted and is being purged has its blobs in the index still.
        if containers[scope.container] == nil {
          containers[scope.container] = .some(try reader.fetch(Container.self, Container.key(account, name: scope.container))?.id)
        }
        if containers[scope.container] == blob.container { page.found.append((scope.container, blob)) }
      }
      if blobs.count < count { return page }
      if examined >= Self.maximumExamined {
        page.next = Marker(position)
        return page
      }
    }
  }

  /// Whether no value from this one on can match.
  private func isBeyond(_ value: String) -> Bool {
    comparisons.contains { comparison in
      comparison.key == leading.key && [.equal, .less, .lessOrEqual].contains(comparison.sign)
        && comparison.value.utf8.lexicographicallyPrecedes(value.utf8)
    }
  }

  /// Where a search goes on. Opaque to clients.
  struct Marker: Sendable {
    private let value: String
    private let container: String
    private let id: String
    private let blob: String

    init?(_ position: RecordIndexPosition) {
      guard position.components.count == 4, position.key.components.count == 2 else { return nil }
      (value, container) = (position.components[2], position.components[3])
      (id, blob) = (position.key.components[0], position.key.components[1])
    }

    /// Nil for what no search gave out.
    init?(_ text: String) {
      guard let bytes = Base64.decode(text) else { return nil }
      var reader = ByteReader(bytes)
      guard let value = try? reader.string(), let container = try? reader.string(), let id = try? reader.string(), let blob = try? reader.string(),
        reader.isAtEnd
      else { return nil }
      (self.value, self.container, self.id, self.blob) = (value, container, id, blob)
    }

    var text: String {
      var writer = ByteWriter()
      for part in [value, container, id, blob] { writer.string(part) }
      return Base64.encode(writer.bytes)
    }

    func position(of key: String, _ account: StorageAccount) -> RecordIndexPosition {
      RecordIndexPosition(components: [account.partition, key, value, container], key: RecordKey(tenant: account.tenant, components: [id, blob]))
    }
  }
}
