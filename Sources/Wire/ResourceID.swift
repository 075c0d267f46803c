public import Base

/// An Azure resource id: `/subscriptions/S[/resourceGroups/G][/providers/N/T/n[/T/n…]]…`, or `/` for the tenant.
///
/// Ids compare without regard to case; what they print keeps the case in which they were written.
/// Source: Microsoft, "Azure Resource Manager resource IDs".
public struct ResourceID: Sendable, LosslessStringConvertible {
  /// One `/providers/Namespace/type/name/type/name…` stretch. A second one extends the first (an *extension resource*).
  public struct Provided: Sendable {
    public var namespace: String
    /// Type and name pairs, outermost first; never empty.
    public var segments: [(type: String, name: String)]

    public init(namespace: String, segments: [(type: String, name: String)]) {
      precondition(!segments.isEmpty)
      self.namespace = namespace
      self.segments = segments
    }

    /// `Microsoft.Network/virtualNetworks/subnets`.
    public var type: String { namespace + "/" + segments.map(\.type).joined(separator: "/") }
  }

  public var subscription: GUID?
  public var resourceGroup: String?
  public var provided: [Provided]

  public init(subscription: GUID? = nil, resourceGroup: String? = nil, provided: [Provided] = []) {
    self.subscription = subscription
    self.resourceGroup = resourceGroup
    self.provided = provided
  }

  /// The id of a resource of a group: `ResourceID(subscription: s, resourceGroup: "rg", "Microsoft.Storage", ("storageAccounts", "a"))`.
  public init(subscription: GUID, resourceGroup: String, _ namespace: String, _ segments: (type: String, name: String)...) {
    self.init(subscription: subscription, resourceGroup: resourceGroup, provided: [Provided(namespace: namespace, segments: segments)])
  }

  /// Parses a decoded path. Nil when it is none of the shapes above, or ends in the middle of one (a collection's path).
  public init?(_ text: String) {
    var parts = text.split(separator: "/", omittingEmptySubsequences: true)[...]
    func take(_ word: String) -> Bool {
      guard parts.first?.lowercased() == word else { return false }
      parts = parts.dropFirst()
      return true
    }
    if take("subscriptions") {
      guard let first = parts.popFirst(), let subscription = GUID(String(first)) else { return nil }
      self.subscription = subscription
      if take("resourcegroups") {
        guard let name = parts.popFirst() else { return nil }
        resourceGroup = String(name)
      }
    }
    provided = []
    while take("providers") {
      guard let namespace = parts.popFirst() else { return nil }
      var segments: [(type: String, name: String)] = []
      while let type = parts.first, type.lowercased() != "providers" || segments.isEmpty {
        guard parts.count >= 2 else { return nil }
        segments.append((String(type), String(parts[parts.startIndex + 1])))
        parts = parts.dropFirst(2)
      }
      guard !segments.isEmpty else { return nil }
      provided.append(Provided(namespace: String(namespace), segments: segments))
    }
    guard parts.isEmpty else { return nil }
  }

  public var description: String {
    var text = ""
    if let subscription { text += "/subscriptions/\(subscription)" }
    if let resourceGroup { text += "/resourceGroups/\(resourceGroup)" }
    for provided in provided {
      text += "/providers/\(provided.namespace)"
      for segment in provided.segments { text += "/\(segment.type)/\(segment.name)" }
    }
    return text.isEmpty ? "/" : text
  }

  /// The form by which ids are compared and stored.
  public var canonical: String { description.lowercased() }

  /// The full type, for example `Microsoft.Storage/storageAccounts`; nil for scopes that are no resource of a provider.
  public var type: String? { provided.last?.type }

  /// The last name: of the resource, else of the group, else the subscription's id.
  public var name: String {
    provided.last?.segments.last?.name ?? resourceGroup ?? subscription?.description ?? ""
  }

  /// The next scope outwards: a child's parent resource, an extension's target, a resource's group, a group's subscription; nil for the tenant.
  public var parent: ResourceID? {
    var outer = self
    if var last = outer.provided.popLast() {
      if last.segments.count > 1 {
        last.segments.removeLast()
        outer.provided.append(last)
      }
      return outer
    }
    if resourceGroup != nil {
      outer.resourceGroup = nil
      return outer
    }
    return subscription == nil ? nil : ResourceID()
  }
}

extension ResourceID: Hashable {
  public static func == (left: ResourceID, right: ResourceID) -> Bool { left.canonical == right.canonical }
  public func hash(into hasher: inout Hasher) { hasher.combine(canonical) }
}

extension ResourceID: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let value = ResourceID(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a resource id")
    }
    self = value
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
