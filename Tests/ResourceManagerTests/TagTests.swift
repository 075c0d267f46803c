import Base
import NIOHTTP1
import Testing
import Wire

@Suite struct TagTests {
  @Test func tagsAtAScopeAreReplacedMergedAndRemoved() async throws {
    let cloud = try await Cloud()
    await cloud.makeGroup()
    await cloud.makeThing("a")
    for scope in [cloud.subscriptionPath, cloud.group("rg"), cloud.thing("a")] {
      let path = scope + "/providers/Microsoft.Resources/tags/default"
      func change(_ method: HTTPMethod, _ tags: JSON, _ operation: JSON? = nil) async -> JSON? {
        let answer = await cloud.send(method, path, body: .object(["operation": operation, "properties": ["tags": tags]]))
        #expect(answer.status == 200)
        return answer.json["properties"]?["tags"]
      }
      #expect(await change(.PUT, ["a": "1", "b": "2"]) == ["a": "1", "b": "2"])
      #expect(await change(.PATCH, ["B": "3", "c": "4"], "Merge") == ["a": "1", "b": "3", "c": "4"])
      #expect(await change(.PATCH, ["a": "1", "c": "other"], "Delete") == ["b": "3", "c": "4"])
      #expect(await change(.PATCH, ["d": "5"], "replace") == ["d": "5"])
      let shown = await cloud.send(.GET, path)
      #expect(
        shown.json == [
          "id": .string(path), "name": "default", "type": "Microsoft.Resources/tags", "properties": ["tags": ["d": "5"]],
        ])
      #expect(await cloud.send(.GET, scope).json["tags"] == ["d": "5"])
      #expect(await cloud.send(.DELETE, path).status == 200)
      #expect(await cloud.send(.GET, path).json["properties"]?["tags"] == [:])
      #expect(await cloud.send(.PATCH, path, body: ["operation": "explode", "properties": ["tags": [:]]]).code == "InvalidRequestContent")
    }
    #expect(await cloud.send(.GET, "/providers/Microsoft.Resources/tags/default").status == 404)
    #expect(await cloud.send(.GET, cloud.thing("b") + "/providers/Microsoft.Resources/tags/default").code == "ResourceNotFound")
    try await cloud.close()
  }

  @Test func tagsHaveBounds() async throws {
    let cloud = try await Cloud()
    func code(_ tags: [(String, String)]) async -> String? {
      let object = JSON.object(JSON.Object(tags.map { (name: $0.0, value: .string($0.1)) }))
      return await cloud.send(.PUT, cloud.group("rg"), body: ["location": "paris", "tags": object]).code
    }
    #expect(await code((0..<50).map { ("t\($0)", "v") }) == nil)
    #expect(await code((0..<51).map { ("t\($0)", "v") }) == "TooManyTags")
    #expect(await code([(String(repeating: "n", count: 512), "v")]) == nil)
    #expect(await code([(String(repeating: "n", count: 513), "v")]) == "InvalidTagName")
    #expect(await code([("n", String(repeating: "v", count: 256))]) == nil)
    #expect(await code([("n", String(repeating: "v", count: 257))]) == "InvalidTagValueLength")
    for character in ["<", ">", "%", "&", "\\", "?", "/", "\u{1}"] { #expect(await code([("a\(character)b", "v")]) == "InvalidTagNameCharacters") }
    #expect(await code([("", "v")]) == "InvalidTagName")
    #expect(await code([("a", "1"), ("A", "2")]) == "DuplicateTagNames")
    // A merge is bounded by what comes out.
    let path = cloud.group("rg") + "/providers/Microsoft.Resources/tags/default"
    #expect(await code((0..<50).map { ("t\($0)", "v") }) == nil)
    let merged = await cloud.send(.PATCH, path, body: ["operation": "Merge", "properties": ["tags": ["one": "more"]]])
    #expect(merged.code == "TooManyTags")
    try await cloud.close()
  }

  @Test func tagNamesAreDeclaredCountedAndWithdrawn() async throws {
    let cloud = try await Cloud()
    await cloud.makeGroup("a", tags: ["env": "prod"])
    await cloud.makeGroup("b", tags: ["Env": "prod"])
    let base = cloud.subscriptionPath + "/tagNames"
    #expect(await cloud.send(.PUT, base + "/team").status == 201)
    #expect(await cloud.send(.PUT, base + "/team").status == 200)
    #expect(await cloud.send(.PUT, base + "/team/tagValues/x").status == 201)
    #expect(await cloud.send(.PUT, base + "/nope/tagValues/x").code == "TagNotFound")
    let listed = await cloud.send(.GET, base)
    #expect(listed.json["value"]?.array?.map { $0["tagName"]?.string?.lowercased() } == ["env", "team"])
    #expect(listed.json["value"]?.array?.map { $0["count"]?["value"]?.integer } == [2, 0])
    #expect(listed.json["value"]?.array?.last?["values"]?.array?.first?["tagValue"] == "x")
    #expect(await cloud.send(.DELETE, base + "/team").status == 409)
    #expect(await cloud.send(.DELETE, base + "/team/tagValues/x").status == 200)
    #expect(await cloud.send(.DELETE, base + "/team").status == 200)
    #expect(await cloud.send(.DELETE, base + "/team").status == 204)
    try await cloud.close()
  }
}
