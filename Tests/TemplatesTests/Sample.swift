import Base
import Templates
import Wire

/// A deployment in a made-up cloud.
enum Sample {
  static let scope = TemplateScope(
    tenant: GUID(high: 1, low: 2), subscription: GUID(high: 3, low: 4), subscriptionName: "Ours",
    group: TemplateScope.ResourceGroup(name: "rg", location: "paris", tags: ["a": "b"]), deploymentName: "dep", location: nil,
    environment: ["name": "Cocagne"], deployer: ["objectId": "me"], now: Timestamp(seconds: 1_700_000_000), newGUID: { GUID(high: 7, low: 8) })

  struct Runtime: TemplateRuntime {
    func reference(_ id: ResourceID, apiVersion: String?, full: Bool) throws -> JSON {
      full ? ["location": "paris", "properties": ["size": 5]] : ["size": 5]
    }

    func list(_ function: String, _ id: ResourceID, apiVersion: String, body: JSON) throws -> JSON { ["key": "secret"] }
  }

  static func template(_ resources: JSON, _ more: KeyValuePairs<String, JSON> = [:]) -> JSON {
    var object = JSON.Object([
      ("$schema", "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"), ("contentVersion", "1.0.0.0"),
      ("resources", resources),
    ])
    for (name, value) in more { object[name] = value }
    return .object(object)
  }

  static func thing(_ name: String, _ more: KeyValuePairs<String, JSON> = [:]) -> JSON {
    var object = JSON.Object([("type", "Microsoft.Test/things"), ("apiVersion", "2024-01-01"), ("name", .string(name)), ("location", "paris")])
    for (name, value) in more { object[name] = value }
    return .object(object)
  }

  static func expand(_ json: JSON, given: JSON.Object = JSON.Object()) throws -> (DeploymentTemplate, ExpandedTemplate) {
    let template = try DeploymentTemplate(parsing: json)
    return (template, try template.expand(parameters: try template.parameterValues(given: given, scope: scope), scope: scope))
  }

  /// An expression's value, as an output of a template with a parameter, a variable, a function and a resource.
  static func evaluate(_ expression: String) throws -> JSON {
    let json = template(
      [thing("thing")],
      [
        "parameters": ["p": ["type": "string", "defaultValue": "given"]], "variables": ["v": "[concat(parameters('p'), '!')]"],
        "functions": [
          [
            "namespace": "mine",
            "members": [
              "double": [
                "parameters": [["name": "x", "type": "string"]], "output": ["type": "string", "value": "[concat(parameters('x'), parameters('x'))]"],
              ]
            ],
          ]
        ], "outputs": ["o": ["type": "object", "value": .string("[\(expression)]")]],
      ])
    let (template, expanded) = try expand(json)
    return try template.outputs(expanded, runtime: Runtime()).member("o")?.object?["value"] ?? "no value"
  }
}
