internal import Base
internal import Records
internal import Wire

/// A rule about resources, and what happens where it holds.
///
/// Source: Microsoft, "Azure Policy definition structure".
struct PolicyDefinition: Record, Codable, Sendable {
  static let kind = "arm.policyDefinition"

  var tenant: GUID
  /// Nil for the platform's own.
  var subscription: GUID?
  var name: String
  var properties: JSON

  var key: RecordKey { Self.key(tenant, subscription ?? .zero, name) }
  static func key(_ tenant: GUID, _ subscription: GUID, _ name: String) -> RecordKey {
    RecordKey(tenant: tenant, subscription.description, name.lowercased())
  }

  static let maximumListed = 500

  var id: String {
    (subscription.map { "/subscriptions/\($0)" } ?? "") + "/providers/Microsoft.Authorization/policyDefinitions/\(name)"
  }

  var json: JSON {
    var shown = properties.object ?? JSON.Object()
    shown["policyType"] = subscription == nil ? "BuiltIn" : "Custom"
    if shown["mode"] == nil { shown["mode"] = "Indexed" }
    return ["id": .string(id), "name": .string(name), "type": "Microsoft.Authorization/policyDefinitions", "properties": .object(shown)]
  }

  /// The definition that an id names: the platform's own or one of the caller's subscription.
  static func find(_ id: String, tenant: GUID, in reader: any RecordReader) throws -> PolicyDefinition? {
    guard let parsed = ResourceID(id), parsed.type?.lowercased() == "microsoft.authorization/policydefinitions" else { return nil }
    guard let subscription = parsed.subscription else { return builtIn.first { $0.name == parsed.name.lowercased() } }
    return try reader.fetch(PolicyDefinition.self, key(tenant, subscription, parsed.name))
  }

  /// Those of Azure's that every governance begins with, by their names there.
  static let builtIn: [PolicyDefinition] = [
    PolicyDefinition(
      tenant: .zero, subscription: nil, name: "e56962a6-4747-49cd-b67b-bf8b01975c4c",
      properties: [
        "displayName": "Allowed locations", "mode": "Indexed",
        "parameters": ["listOfAllowedLocations": ["type": "Array", "metadata": ["displayName": "Allowed locations", "strongType": "location"]]],
        "policyRule": [
          "if": [
            "allOf": [
              ["field": "location", "notIn": "[parameters('listOfAllowedLocations')]"], ["field": "location", "notEquals": "global"],
            ]
          ], "then": ["effect": "deny"],
        ],
      ]),
    PolicyDefinition(
      tenant: .zero, subscription: nil, name: "cccc23c7-8427-4f53-ad12-b6a63eb452b3",
      properties: [
        "displayName": "Allowed virtual machine size SKUs", "mode": "Indexed",
        "parameters": ["listOfAllowedSKUs": ["type": "Array", "metadata": ["displayName": "Allowed Size SKUs", "strongType": "VMSKUs"]]],
        "policyRule": [
          "if": [
            "allOf": [
              ["field": "type", "equals": "Microsoft.Compute/virtualMachines"],
              ["not": ["field": "Microsoft.Compute/virtualMachines/sku.name", "in": "[parameters('listOfAllowedSKUs')]"]],
            ]
          ], "then": ["effect": "deny"],
        ],
      ]),
    PolicyDefinition(
      tenant: .zero, subscription: nil, name: "871b6d14-10aa-478d-b590-94f262ecfa99",
      properties: [
        "displayName": "Require a tag on resources", "mode": "Indexed",
        "parameters": ["tagName": ["type": "String", "metadata": ["displayName": "Tag Name"]]],
        "policyRule": [
          "if": ["field": "[concat('tags[', parameters('tagName'), ']')]", "exists": "false"], "then": ["effect": "deny"],
        ],
      ]),
  ]
}

/// A definition put to work at a scope.
struct PolicyAssignment: Record, Codable, Sendable {
  static let kind = "arm.policyAssignment"

  var tenant: GUID
  var scope: ResourceID
  var name: String
  var location: String?
  var properties: JSON

  var key: RecordKey { Self.key(tenant, scope, name) }
  static func key(_ tenant: GUID, _ scope: ResourceID, _ name: String) -> RecordKey {
    RecordKey(tenant: tenant, components: Lock.words(scope) + [Lock.mark, name.lowercased()])
  }

  var id: String { "\(scope)/providers/Microsoft.Authorization/policyAssignments/\(name)" }

  var json: JSON {
    var shown = properties.object ?? JSON.Object()
    shown["scope"] = .string(scope.description)
    if shown["enforcementMode"] == nil { shown["enforcementMode"] = "Default" }
    return .object([
      "id": .string(id), "name": .string(name), "type": "Microsoft.Authorization/policyAssignments", "location": JSON.string(location),
      "properties": .object(shown),
    ])
  }

  static func at(_ scope: ResourceID, tenant: GUID, in reader: any RecordReader) throws -> [PolicyAssignment] {
    try reader.list(
      PolicyAssignment.self, under: RecordKey(tenant: tenant, components: Lock.words(scope) + [Lock.mark]), limit: PolicyDefinition.maximumListed)
  }

  static func below(_ scope: ResourceID, tenant: GUID, in reader: any RecordReader) throws -> [PolicyAssignment] {
    try reader.list(PolicyAssignment.self, under: RecordKey(tenant: tenant, components: Lock.words(scope)), limit: PolicyDefinition.maximumListed)
  }

  /// Those that bear on a scope: its own and those of everything above it.
  static func bearing(on scope: ResourceID, tenant: GUID, in reader: any RecordReader) throws -> [PolicyAssignment] {
    var found: [PolicyAssignment] = []
    var place: ResourceID? = scope
    while let current = place, current.subscription != nil {
      found += try at(current, tenant: tenant, in: reader)
      place = current.parent
    }
    return found
  }
}
