internal import Base
internal import Edge
internal import Wire

/// What the operations on messages read from their request.
extension StorageCall {
  /// Seconds that a message may be hidden: 7 days.
  private static let maximumVisibilitySeconds = 7 * 86400
  /// Before this version a message could live for 7 days at most.
  private static let oldestLongLifeVersion = "2017-07-29"

  /// `visibilitytimeout`, in seconds; nil where it is not given.
  func visibilityTimeout(atLeast minimum: Int) throws(CloudError) -> Int? {
    try number("visibilitytimeout", in: minimum...Self.maximumVisibilitySeconds)
  }

  /// `messagettl`, in seconds; nil where the message is never to expire.
  func timeToLive(defaultSeconds: Int) throws(CloudError) -> Int? {
    let isLong = version >= Self.oldestLongLifeVersion
    if isLong, request.query["messagettl"] == "-1" { return nil }
    return try number("messagettl", in: 1...(isLong ? Int(Int32.max) : 7 * 86400)) ?? defaultSeconds
  }

  /// `numofmessages`; one where it is not given.
  func messageCount(in range: ClosedRange<Int>) throws(CloudError) -> Int {
    try number("numofmessages", in: range) ?? 1
  }

  func popReceipt() throws(CloudError) -> String {
    guard let receipt = request.query["popreceipt"], !receipt.isEmpty else { throw StorageError.missingRequiredQueryParameter("popreceipt") }
    guard Base64.decode(receipt)?.count == QueueMessage.receiptBytes else {
      throw StorageError.invalidQueryParameterValue("popreceipt", receipt, reason: "Invalid pop receipt format")
    }
    return receipt
  }

  /// The body of Put Message and Update Message.
  func messageDocument() async throws -> [UInt8] {
    try await smallBody(upTo: QueueMessage.maximumDocumentBytes)
  }

  private func number(_ name: String, in range: ClosedRange<Int>) throws(CloudError) -> Int? {
    guard let text = request.query[name], !text.isEmpty else { return nil }
    guard let number = Int(text) else { throw StorageError.invalidQueryParameterValue(name, text) }
    guard range.contains(number) else {
      throw StorageError.outOfRangeQueryParameterValue(name, text, minimum: range.lowerBound, maximum: range.upperBound)
    }
    return number
  }
}
