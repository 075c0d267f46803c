internal import Base
internal import Records
internal import Wire

/// How a deployment rests: its name and its state can be read, all that was written of it is sealed under its tenant's key (ADR 22).
extension Deployment {
  private struct Content: Codable {
    var template: JSON
    var parameters: JSON
    var secrets: [UInt8]?
    var steps: [Step]
    var outputs: JSON?
    var outputResources: [ResourceID]
    var failure: LongRunningOperation.Failure?
  }

  mutating func seal(in transaction: RecordTransaction) throws {
    guard sealed == nil else { return }
    let content = Content(
      template: template, parameters: parameters, secrets: secrets, steps: steps, outputs: outputs, outputResources: outputResources, failure: failure
    )
    sealed = try SealedContent(content, context: sealingContext, owner: tenant, in: transaction)
    if sealed != nil { take(Content(template: [:], parameters: [:], steps: [], outputResources: [])) }
  }

  mutating func open(in reader: any RecordReader) throws {
    guard let content = try sealed?.opened(Content.self, context: sealingContext, owner: tenant, in: reader) else { return }
    take(content)
    sealed = nil
  }

  private mutating func take(_ content: Content) {
    (template, parameters, secrets, steps) = (content.template, content.parameters, content.secrets, content.steps)
    (outputs, outputResources, failure) = (content.outputs, content.outputResources, content.failure)
  }

  /// Throws `RecordsClosed` where its tenant's key is closed.
  func requireOpen() throws {
    if sealed != nil { throw RecordsClosed() }
  }

  private var sealingContext: [UInt8] {
    var context = ByteWriter()
    context.string(Self.kind)
    context.guid(tenant)
    context.string(id.canonical)
    return context.bytes
  }
}
