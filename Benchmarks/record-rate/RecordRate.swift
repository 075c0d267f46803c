import Base
import Records

/// How many transactions a second the record store makes durable that write one small record each, by some tasks at a time. What the cloud's
/// own operations are measured against.
@main
struct RecordRate {
  struct Sample: Record {
    static let kind = "bench.sample"

    var name: String
    var bytes: [UInt8]

    var key: RecordKey { RecordKey(tenant: .zero, name) }

    func encode(to writer: inout ByteWriter) {
      writer.string(name)
      writer.blob(bytes)
    }

    init(name: String, bytes: [UInt8]) {
      self.name = name
      self.bytes = bytes
    }

    init(from reader: inout ByteReader, format: UInt8) throws {
      name = try reader.string()
      bytes = try reader.blob()
    }
  }

  /// `record-rate FOLDER TASKS SECONDS` prints a number.
  static func main() async throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 4, let tasks = Int(arguments[2]), let seconds = Int(arguments[3]) else {
      throw Usage()
    }
    let store = try SQLiteRecordStore(path: arguments[1])
    let random = SystemRandom()
    let started = ContinuousClock.now
    let end = started + .seconds(seconds)
    let count = try await withThrowingTaskGroup(of: Int.self) { group in
      for task in 0..<tasks {
        group.addTask {
          var count = 0
          while ContinuousClock.now < end {
            let sample = Sample(name: "\(random.guid())-\(task)", bytes: random.bytes(300))
            try await store.write { try $0.save(sample) }
            count += 1
          }
          return count
        }
      }
      var total = 0
      for try await count in group { total += count }
      return total
    }
    let elapsed = ContinuousClock.now - started
    print(Double(count) / (Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18))
  }

  struct Usage: Error, CustomStringConvertible {
    var description: String { "record-rate FOLDER TASKS SECONDS" }
  }
}
