import Base
import NIOHTTP1
import Records
import Simulation
import Storage
import Testing
import Wire

@Suite struct QueueMessageTests {
  private func queue() async throws -> QueueFixture {
    let queues = try await QueueFixture()
    try await queues.makeQueue()
    return queues
  }

  @Test func messagesComeInTheOrderInWhichTheyBecomeVisible() async throws {
    let queues = try await queue()
    // At one and the same time, so that only the order of insertion tells them apart.
    for text in ["a", "b", "c"] { try await queues.put(text) }
    try await queues.put("late", hiddenSeconds: 20)
    try await queues.put("soon", hiddenSeconds: 10)
    #expect(try await queues.get(hiddenSeconds: 5).map(\.text) == ["a"])
    #expect(try await queues.peek() == ["b", "c"])
    queues.clock.advance(by: .seconds(15))
    try await queues.put("d")
    #expect(try await queues.peek() == ["b", "c", "a", "soon", "d"])
    queues.clock.advance(by: .seconds(15))
    #expect(try await queues.get(32).map(\.text) == ["b", "c", "a", "soon", "d", "late"])
    #expect(try await queues.get(32) == [])
    #expect(try await queues.count() == 6)
  }

  @Test func aMessageThatWasTakenIsHiddenForAsLongAsAsked() async throws {
    let queues = try await queue()
    let put = try await queues.put("once")
    let now = queues.clock.now()
    #expect(put.inserted == now.httpDate)
    #expect(put.nextVisible == now.httpDate)
    #expect(put.expires == now.advanced(by: .seconds(7 * 86400)).httpDate)
    let taken = try #require(try await queues.get(hiddenSeconds: 7).first)
    #expect(taken.id == put.id)
    #expect(taken.dequeueCount == 1)
    #expect(taken.nextVisible == now.advanced(by: .seconds(7)).httpDate)
    queues.clock.advance(by: .milliseconds(6999))
    #expect(try await queues.get() == [])
    #expect(try await queues.peek() == [])
    queues.clock.advance(by: .milliseconds(1))
    #expect(try await queues.peek() == ["once"])
    let again = try #require(try await queues.get().first)
    #expect(again.dequeueCount == 2)
    #expect(again.receipt != taken.receipt)
  }

  @Test func onlyTheLatestPopReceiptIsGood() async throws {
    let queues = try await queue()
    let put = try await queues.put("text")
    let taken = try #require(try await queues.get(hiddenSeconds: 5).first)
    let stale = try await queues.delete(put)
    #expect(stale.status == 404 && stale.code == "MessageNotFound", "\(stale)")
    let query = [(name: "popreceipt", value: taken.receipt), ("visibilitytimeout", "0")]
    let updated = try await queues.send(.PUT, "jobs/messages/\(taken.id)", query)
    #expect(updated.status == 204, "\(updated)")
    #expect(try await queues.delete(taken).code == "MessageNotFound")
    var current = taken
    current.receipt = try #require(updated["x-ms-popreceipt"])
    // Visible again, and nobody else has taken it: whoever had it may still delete it.
    #expect(try await queues.peek() == ["text"])
    #expect(try await queues.delete(current).status == 204)
    let gone = try await queues.delete(current)
    #expect(gone.status == 404 && gone.code == "MessageNotFound", "\(gone)")
    #expect(try await queues.send(.DELETE, "jobs/messages/no-id", [("popreceipt", taken.receipt)]).code == "MessageNotFound")
    for text in ["x", "AAAA", taken.receipt + "AAAA"] {
      let malformed = try await queues.send(.DELETE, "jobs/messages/\(taken.id)", [("popreceipt", text)])
      #expect(malformed.status == 400 && malformed.code == "InvalidQueryParameterValue", "\(malformed)")
    }
    #expect(try await queues.send(.DELETE, "jobs/messages/\(taken.id)").code == "MissingRequiredQueryParameter")
    #expect(try await queues.count() == 0)
  }

  @Test func anUpdateChangesTheTextOrLeavesIt() async throws {
    let queues = try await queue()
    try await queues.put("first")
    let taken = try #require(try await queues.get().first)
    var query = [(name: "popreceipt", value: taken.receipt), (name: "visibilitytimeout", value: "3")]
    let updated = try await queues.send(.PUT, "jobs/messages/\(taken.id)", query, body: QueueFixture.document("second"))
    #expect(updated.status == 204, "\(updated)")
    #expect(updated["x-ms-time-next-visible"] == queues.clock.now().advanced(by: .seconds(3)).httpDate)
    query[0].value = try #require(updated["x-ms-popreceipt"])
    query[1].value = "1"
    #expect(try await queues.send(.PUT, "jobs/messages/\(taken.id)", query).status == 204)
    queues.clock.advance(by: .seconds(1))
    let again = try await queues.get()
    #expect(again.map(\.text) == ["second"])
    #expect(again.map(\.dequeueCount) == [2])
    #expect(again.map(\.inserted) == [taken.inserted])
  }

  @Test func whatExpiresIsNeitherSeenNorKept() async throws {
    let queues = try await queue()
    // More than one pass looks at, before what is still good.
    for number in 0..<300 { try await queues.put("\(number)", lifeSeconds: 10) }
    let forever = try await queues.put("forever", lifeSeconds: -1)
    #expect(forever.expires == "Fri, 31 Dec 9999 23:59:59 GMT")
    let taken = try #require(try await queues.get(hiddenSeconds: 3600).first)
    queues.clock.advance(by: .seconds(10))
    #expect(try await queues.delete(taken).code == "MessageNotFound")
    #expect(try await queues.peek() == ["forever"])
    #expect(try await queues.get(32).map(\.text) == ["forever"])
    try await queues.put("more", lifeSeconds: 60)
    queues.clock.advance(by: .seconds(60))
    while try await !queues.endpoint.purge() {}
    #expect(try await queues.count() == 1)
    // What never expires is in one index only.
    #expect(try await queues.fixture.count("storage.message") == 2)
    queues.clock.advance(by: .seconds(300 * 365 * 86400))
    #expect(try await queues.get().map(\.text) == ["forever"])
  }

  @Test(arguments: ["", " ", "\t leading and trailing \n", "<b>&amp;\"'</b>", "naïve 日本語 🐎", "]]>", String(repeating: "&", count: 20_000)])
  func aTextComesBackAsItWasPut(text: String) async throws {
    let queues = try await queue()
    try await queues.put(text)
    #expect(try await queues.get().map(\.text) == [text])
  }

  @Test func aTextOfTheGreatestSizeIsTakenAndOneByteMoreIsNot() async throws {
    let queues = try await queue()
    let greatest = String(repeating: "é", count: 32 << 10)
    for _ in 0..<32 { try await queues.put(greatest) }
    let tooLong = try await queues.send(.POST, "jobs/messages", body: QueueFixture.document(greatest + "x"))
    #expect(tooLong.status == 413 && tooLong.code == "RequestBodyTooLarge", "\(tooLong)")
    let huge = try await queues.send(.POST, "jobs/messages", body: QueueFixture.document(String(repeating: "x", count: 200_000)))
    #expect(huge.status == 413 && huge.code == "RequestBodyTooLarge", "\(huge)")
    #expect(try await queues.get(32).map(\.text) == Array(repeating: greatest, count: 32))
  }

  @Test(arguments: [
    (HTTPMethod.POST, "visibilitytimeout", "-1", "OutOfRangeQueryParameterValue"), (.POST, "visibilitytimeout", "soon", "InvalidQueryParameterValue"),
    (.POST, "visibilitytimeout", "604801", "OutOfRangeQueryParameterValue"), (.POST, "visibilitytimeout", "604800", "OutOfRangeQueryParameterValue"),
    (.POST, "messagettl", "0", "OutOfRangeQueryParameterValue"), (.POST, "messagettl", "-2", "OutOfRangeQueryParameterValue"),
    (.POST, "messagettl", "99999999999999999999", "InvalidQueryParameterValue"), (.GET, "numofmessages", "0", "OutOfRangeQueryParameterValue"),
    (.GET, "numofmessages", "33", "OutOfRangeQueryParameterValue"), (.GET, "numofmessages", "1.5", "InvalidQueryParameterValue"),
    (.GET, "visibilitytimeout", "0", "OutOfRangeQueryParameterValue"), (.GET, "visibilitytimeout", "604801", "OutOfRangeQueryParameterValue"),
  ])
  func aParameterOutOfRangeIsRefused(method: HTTPMethod, name: String, value: String, code: String) async throws {
    let queues = try await queue()
    let answer = try await queues.send(method, "jobs/messages", [(name, value)], body: method == .POST ? QueueFixture.document("x") : [])
    #expect(answer.status == 400 && answer.code == code, "\(answer)")
  }

  @Test(arguments: [
    ("", "InvalidXmlDocument"), ("text", "InvalidXmlDocument"), ("<QueueMessage><MessageText>x</MessageText>", "InvalidXmlDocument"),
    ("<Message><MessageText>x</MessageText></Message>", "InvalidXmlDocument"), ("<QueueMessage />", "MissingRequiredXmlNode"),
    ("<!DOCTYPE a [<!ENTITY b \"c\">]><QueueMessage><MessageText>&b;</MessageText></QueueMessage>", "InvalidXmlDocument"),
  ])
  func aBadDocumentIsRefused(document: String, code: String) async throws {
    let queues = try await queue()
    let answer = try await queues.send(.POST, "jobs/messages", body: Array(document.utf8))
    #expect(answer.status == 400 && answer.code == code, "\(answer)")
    #expect(try await queues.count() == 0)
  }

  @Test func aMessageIsNotHiddenBeyondItsEndByAnUpdate() async throws {
    let queues = try await queue()
    try await queues.put("short", lifeSeconds: 60)
    // Taking it may: it then expires unseen.
    let taken = try #require(try await queues.get(hiddenSeconds: 3600).first)
    let query = [(name: "popreceipt", value: taken.receipt), ("visibilitytimeout", "61")]
    #expect(try await queues.send(.PUT, "jobs/messages/\(taken.id)", query).code == "OutOfRangeQueryParameterValue")
    #expect(try await queues.delete(taken).status == 204)
  }

  @Test func aTextRestsEncrypted() async throws {
    let queues = try await queue()
    let text = "a text that stands nowhere else"
    try await queues.put(text)
    let values = try await queues.records.read { reader in
      try reader.entries(in: KeyBytes([])..<KeyBytes(Array(repeating: 0xFF, count: 64)), limit: 10_000, reversed: false).map(\.value)
    }
    #expect(values.count > 3)
    #expect(!values.contains { value in value.indices.contains { value[$0...].starts(with: text.utf8) } })
    #expect(try await queues.peek() == [text])
  }

  @Test(.timeLimit(.minutes(2))) func tenThousandMessagesAreTakenPageByPage() async throws {
    let queues = try await queue()
    let total = 10_000
    try await withThrowingTaskGroup(of: Void.self) { group in
      for lane in 0..<16 {
        group.addTask {
          for number in stride(from: lane, to: total, by: 16) { try await queues.put("\(number)") }
        }
      }
      try await group.waitForAll()
    }
    #expect(try await queues.count() == total)
    var seen: Set<String> = []
    var page = try await queues.get(32, hiddenSeconds: 3600)
    while !page.isEmpty {
      #expect(page.count == 32 || seen.count + page.count == total)
      seen.formUnion(page.map(\.text))
      page = try await queues.get(32, hiddenSeconds: 3600)
    }
    #expect(seen.count == total)
    #expect(try await queues.count() == total)
  }

  /// The visibility timeout is longer than the test: whoever gets a message is the only one.
  @Test func manyAtOnceGetEachMessageOnceAndTheCountStaysRight() async throws {
    let queues = try await queue()
    let (putters, takers, each) = (8, 8, 40)
    let texts = try await withThrowingTaskGroup(of: [String].self) { group in
      for putter in 0..<putters {
        group.addTask {
          for number in 0..<each { try await queues.put("\(putter)-\(number)") }
          return []
        }
      }
      for _ in 0..<takers {
        group.addTask {
          var texts: [String] = []
          while texts.count < each {
            for message in try await queues.get(min(3, each - texts.count), hiddenSeconds: 3600) {
              texts.append(message.text)
              if texts.count.isMultiple(of: 2) { #expect(try await queues.delete(message).status == 204) }
            }
          }
          return texts
        }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    #expect(texts.count == putters * each)
    #expect(Set(texts).count == putters * each)
    #expect(try await queues.count() == putters * each / 2)
  }
}
