import Base
import Templates
import Testing
import Wire

@Suite struct ExpansionTests {
  private func body(_ resource: JSON, _ more: KeyValuePairs<String, JSON> = [:]) throws -> JSON {
    let (_, expanded) = try Sample.expand(Sample.template([resource], more))
    return try expanded.body(of: try #require(expanded.resources.first), runtime: Sample.Runtime())
  }

  @Test func aBodyHasEverythingButWhatSteersTheDeployment() throws {
    let body = try body(
      Sample.thing(
        "[concat('a', 'b')]", ["dependsOn": [], "comments": "no", "properties": ["x": "[add(1, 2)]", "bracket": "[[kept]", "nothing": .null]]))
    #expect(body == ["location": "paris", "properties": ["x": 3, "bracket": "[kept]", "nothing": .null]])
  }

  @Test func loopsMakeResourcesAndProperties() throws {
    let (_, expanded) = try Sample.expand(
      Sample.template([
        Sample.thing(
          "[concat('t', copyIndex(1))]",
          [
            "copy": ["name": "loop", "count": 3],
            "properties": ["copy": [["name": "items", "count": 2, "input": ["i": "[copyIndex('items')]", "outer": "[copyIndex('loop')]"]]]],
          ])
      ]))
    #expect(expanded.resources.map(\.id.name) == ["t1", "t2", "t3"])
    let last = try expanded.body(of: expanded.resources[2], runtime: Sample.Runtime())
    #expect(last["properties"] == ["items": [["i": 0, "outer": 2], ["i": 1, "outer": 2]]])
  }

  @Test func aSerialLoopDeploysBatchAfterBatch() throws {
    let (_, expanded) = try Sample.expand(
      Sample.template([Sample.thing("[concat('t', copyIndex())]", ["copy": ["name": "l", "count": 4, "mode": "serial", "batchSize": 2]])]))
    #expect(expanded.resources.map { $0.dependsOn.map(\.name) } == [[], [], ["t0", "t1"], ["t0", "t1"]])
  }

  @Test(arguments: [
    "[resourceId('Microsoft.Test/things', 'a')]", "Microsoft.Test/things/a", "a",
    "/subscriptions/00000000-0000-0003-0000-000000000004/resourceGroups/RG/providers/microsoft.test/THINGS/A",
  ])
  func aDependencyIsNamedInEachForm(name: String) throws {
    let (_, expanded) = try Sample.expand(Sample.template([Sample.thing("b", ["dependsOn": [.string(name)]]), Sample.thing("a")]))
    #expect(expanded.resources[0].dependsOn.map(\.name) == ["a"])
  }

  @Test func aReferenceIsADependency() throws {
    let (_, expanded) = try Sample.expand(
      Sample.template([Sample.thing("b", ["properties": ["x": "[reference(resourceId('Microsoft.Test/things', 'a')).size]"]]), Sample.thing("a")]))
    #expect(expanded.resources[0].dependsOn.map(\.name) == ["a"])
  }

  @Test func resourcesWithSymbolicNamesAreFoundByThem() throws {
    let (template, expanded) = try Sample.expand(
      Sample.template(
        .object(JSON.Object([("first", Sample.thing("a")), ("second", Sample.thing("b", ["dependsOn": ["first"]]))])),
        ["languageVersion": "2.0", "outputs": ["o": ["type": "int", "value": "[reference('first').size]"]]]))
    #expect(expanded.resources[1].dependsOn.map(\.name) == ["a"])
    #expect(try template.outputs(expanded, runtime: Sample.Runtime()) == ["o": ["type": "Int", "value": 5]])
  }

  @Test func conditionsAndChildren() throws {
    let (_, expanded) = try Sample.expand(
      Sample.template([
        Sample.thing("no", ["condition": false]),
        Sample.thing("yes", ["condition": "[equals(1, 1)]", "resources": [["type": "parts", "apiVersion": "2024-01-01", "name": "p"]]]),
      ]))
    #expect(expanded.resources.map(\.isDeployed) == [false, true, true])
    #expect(expanded.resources[2].id.description.hasSuffix("/providers/Microsoft.Test/things/yes/parts/p"))
    #expect(expanded.resources[2].dependsOn.map(\.name) == ["yes"])
  }

  @Test func anInnerTemplateIsLeftAndAnOuterOneEvaluated() throws {
    func nested(_ scope: String) -> JSON {
      [
        "type": "Microsoft.Resources/deployments", "apiVersion": "2024-01-01", "name": "n",
        "properties": [
          "mode": "Incremental", "expressionEvaluationOptions": ["scope": .string(scope)],
          "template": ["variables": ["x": "[parameters('p')]"]], "parameters": ["p": ["value": "[parameters('p')]"]],
        ],
      ]
    }
    let parameters: JSON = ["p": ["type": "string", "defaultValue": "outside"]]
    let inner = try body(nested("inner"), ["parameters": parameters])
    #expect(inner.member("properties", "template", "variables", "x") == "[parameters('p')]")
    #expect(inner.member("properties", "parameters", "p", "value") == "outside")
    #expect(try body(nested("outer"), ["parameters": parameters]).member("properties", "template", "variables", "x") == "outside")
  }

  @Test func parametersAreCheckedAndFixedOnce() throws {
    let definitions: JSON = [
      "name": ["type": "string", "minLength": 2, "allowedValues": ["ab", "cd"]], "count": ["type": "int", "defaultValue": 2, "maxValue": 5],
      "id": ["type": "string", "defaultValue": "[newGuid()]"], "secret": ["type": "securestring", "defaultValue": "s"],
    ]
    let template = try DeploymentTemplate(parsing: Sample.template([], ["parameters": definitions]))
    func values(_ given: JSON) throws -> [String: JSON] {
      try template.parameterValues(given: try #require(given.object), scope: Sample.scope)
    }
    let good = try values(["NAME": ["value": "ab"]])
    #expect(good["name"] == "ab" && good["count"] == 2 && good["id"] == "00000000-0000-0007-0000-000000000008")
    #expect(template.secureParameters == ["secret"])
    #expect(template.shown(good).member("secret") == ["type": "SecureString"])
    let wrong: [JSON] = [
      [:], ["name": ["value": 1]], ["name": ["value": "xx"]], ["name": ["value": "ab"], "more": ["value": 1]],
      ["name": ["value": "ab"], "count": ["value": 6]],
      ["name": [:]],
    ]
    for given in wrong { #expect(throws: CloudError.self, "\(given.text)") { try values(given) } }
  }

  @Test(arguments: [
    Sample.template([Sample.thing("a", ["dependsOn": ["b"]]), Sample.thing("b", ["dependsOn": ["a"]])]),
    Sample.template([Sample.thing("a"), Sample.thing("A")]),
    Sample.template([Sample.thing("a", ["dependsOn": ["nowhere"]])]), Sample.template([["name": "a"]]), Sample.template([Sample.thing("a/b")]),
    "not an object",
    Sample.template([Sample.thing("a", ["copy": ["name": "l", "count": 801]])]),
    Sample.template([Sample.thing("a", ["copy": ["name": "l", "count": -1]])]),
    Sample.template(
      [], ["variables": ["a": "[variables('b')]", "b": "[variables('a')]"], "outputs": ["o": ["type": "string", "value": "[variables('a')]"]]]),
    ["contentVersion": "1.0.0.0", "resources": 5], Sample.template([], ["parameters": ["p": ["type": "date"]]]),
  ])
  func aWrongTemplateIsRefused(json: JSON) {
    let error = #expect(throws: CloudError.self) {
      let (template, expanded) = try Sample.expand(json)
      _ = try template.outputs(expanded, runtime: Sample.Runtime())
    }
    #expect(error?.status == 400)
  }

  @Test func whatIfTellsWhatWouldChange() throws {
    let id = try #require(ResourceID("/subscriptions/00000000-0000-0003-0000-000000000004/resourceGroups/rg/providers/Microsoft.Test/things/a"))
    let before: JSON = [
      "id": "x", "location": "paris", "tags": ["a": "1"], "properties": ["size": 1, "provisioningState": "Succeeded", "list": [1]],
    ]
    #expect(TemplateWhatIf.change(id, before: nil, after: before)["changeType"] == "Create")
    #expect(TemplateWhatIf.change(id, before: before, after: nil)["changeType"] == "Delete")
    #expect(TemplateWhatIf.change(id, before: before, after: ["location": "Paris", "properties": ["size": 1]])["changeType"] == "Modify")
    #expect(
      TemplateWhatIf.change(id, before: before, after: ["location": "paris", "tags": ["a": "1"], "properties": ["size": 1]])["changeType"]
        == "NoChange")
    let change = TemplateWhatIf.change(id, before: before, after: ["tags": ["a": "1"], "properties": ["size": 2, "list": [1, 2], "new": true]])
    let properties = change["delta"]?.array?.first?["children"]?.array ?? []
    #expect(properties.map { $0["path"]?.string } == ["size", "list", "new"])
    #expect(properties.map { $0["propertyChangeType"]?.string } == ["Modify", "Array", "Create"])
  }
}
