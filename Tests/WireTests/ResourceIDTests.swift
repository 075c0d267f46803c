import Base
import Testing
import Wire

@Suite struct ResourceIDTests {
  static let subscription = "0f8fad5b-d9cb-469f-a165-70867728950e"

  @Test(arguments: [
    "/", "/subscriptions/\(subscription)", "/subscriptions/\(subscription)/resourceGroups/rg",
    "/subscriptions/\(subscription)/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/a",
    "/subscriptions/\(subscription)/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/v/subnets/s",
    "/subscriptions/\(subscription)/providers/Microsoft.Authorization/roleAssignments/\(subscription)",
    "/subscriptions/\(subscription)/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/a/providers/Microsoft.Authorization/locks/l",
    "/providers/Microsoft.Authorization/roleDefinitions/\(subscription)",
  ])
  func anIDReadsWhatItWrites(text: String) throws {
    let id = try #require(ResourceID(text))
    #expect(id.description == text)
    #expect(ResourceID(text.uppercased()) == id)
  }

  @Test(arguments: [
    "/subscriptions", "/subscriptions/nope", "/subscriptions/\(subscription)/resourceGroups", "/subscriptions/\(subscription)/foo/bar",
    "/subscriptions/\(subscription)/providers/Microsoft.Storage", "/subscriptions/\(subscription)/providers/Microsoft.Storage/storageAccounts",
    "/resourceGroups/rg", "/providers/A/b/c/d",
  ])
  func whatEndsInTheMiddleIsNoID(text: String) {
    #expect(ResourceID(text) == nil)
  }

  @Test func eachScopeHasTheNextOneAsItsParent() throws {
    let base = "/subscriptions/\(Self.subscription)"
    let account = base + "/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/a"
    var id = try #require(ResourceID(account + "/blobServices/default/providers/Microsoft.Authorization/locks/l"))
    var parents: [String] = []
    while let parent = id.parent {
      parents.append(parent.description)
      id = parent
    }
    #expect(parents == [account + "/blobServices/default", account, base + "/resourceGroups/rg", base, "/"])
    #expect(ResourceID(account)?.type == "Microsoft.Storage/storageAccounts")
    #expect(ResourceID(account)?.name == "a")
  }
}

@Suite struct PercentCodingTests {
  @Test func escapesComeBack() {
    let text = "a b/ü%+~😀\u{0}"
    #expect(percentDecoded(percentEncoded(text)) == text)
    #expect(percentEncoded("a/b", keeping: "/") == "a/b")
  }

  @Test(arguments: ["%", "%a", "%zz", "%ff", "a%C3"])
  func malformedEscapesAreRefused(text: String) {
    #expect(percentDecoded(text) == nil)
    #expect(Query(parsing: "x=" + text) == nil)
  }

  @Test func aQueryKeepsItsOrderAndItsPlusSigns() throws {
    let query = try #require(Query(parsing: "b=1&a=x%20y+z&B=2&c&d="))
    #expect(query.items.map(\.name) == ["b", "a", "B", "c", "d"])
    #expect(query["A"] == "x y+z")
    #expect(query["b"] == "1")
    #expect(query["c"] == "")
    #expect(query["e"] == nil)
    #expect(Query(parsing: "a=x+y", plusIsSpace: true)?["a"] == "x y")
  }
}
