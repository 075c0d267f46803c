internal import Base
public import Records
internal import Wire

/// How an operation rests: what finds it and how far it is can be read, what is done is sealed. It is under the platform's key: operations on machines
/// and networks go on whatever the tenant's own key is (ADR 22).
extension LongRunningOperation {
  private struct Content: Codable {
    var input: JSON?
    var output: JSON?
    var failure: Failure?
  }

  public mutating func seal(in transaction: RecordTransaction) throws {
    guard sealed == nil, input != nil || output != nil || failure != nil else { return }
    sealed = try SealedContent(Content(input: input, output: output, failure: failure), context: sealingContext, owner: .zero, in: transaction)
    guard sealed != nil else { return }
    (input, output, failure) = (nil, nil, nil)
  }

  public mutating func open(in reader: any RecordReader) throws {
    guard let content = try sealed?.opened(Content.self, context: sealingContext, owner: .zero, in: reader) else { return }
    (input, output, failure) = (content.input, content.output, content.failure)
    sealed = nil
  }

  private var sealingContext: [UInt8] {
    var context = ByteWriter()
    context.string(Self.kind)
    context.guid(tenant)
    context.guid(id)
    return context.bytes
  }
}
