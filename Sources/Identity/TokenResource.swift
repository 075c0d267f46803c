internal import Base
internal import Records

/// What a token is for: the `aud` claim, and the application that stands behind it.
package struct TokenResource: Equatable, Sendable {
  /// As the client wrote it, a trailing slash included; clients compare it with what they asked for.
  var audience: String
  var appID: GUID

  /// The form in which names of resources are compared.
  package static func comparable(_ identifier: String) -> String {
    var text = Substring(identifier.lowercased())
    while text.utf8.last == UInt8(ascii: "/") { text.removeLast() }
    return String(text)
  }

  /// The names of one of the platform's services, the one in this cloud first; the others are what SDKs ask for unless told of another cloud.
  static func names(of appID: GUID, address: CloudAddress) -> [String] {
    switch appID {
    case FirstPartyApplication.resourceManager:
      [address.url("management"), "https://management.azure.com", "https://management.core.windows.net"]
    case FirstPartyApplication.graph: [address.url("graph"), "https://graph.microsoft.com"]
    case FirstPartyApplication.storage: ["https://storage.azure.com"]
    case FirstPartyApplication.keyVault: [address.url("vault"), "https://vault.azure.net"]
    case FirstPartyApplication.confidentialLedger: [address.url("ledger"), "https://confidential-ledger.azure.com"]
    default: []
    }
  }

  /// The platform's service of a name, or nil. Storage also answers to each account's own URLs.
  static func firstParty(_ identifier: String, address: CloudAddress) -> TokenResource? {
    let name = comparable(identifier)
    for application in FirstPartyApplication.all {
      let names = names(of: application.appID, address: address)
      if names.contains(name) { return TokenResource(audience: identifier, appID: application.appID) }
      // Services know themselves by their names, so one asked for by its id gets a token with its name.
      if let first = names.first, name == application.appID.description { return TokenResource(audience: first + "/", appID: application.appID) }
    }
    return isStorageURL(name, address: address) ? TokenResource(audience: identifier, appID: FirstPartyApplication.storage) : nil
  }

  /// A name needs no port, though this cloud may be reached at one; the last suffix is that of SDKs that were told of no other cloud.
  private static func isStorageURL(_ name: String, address: CloudAddress) -> Bool {
    let suffixes = [".core.\(address.domain)", ".\(address.storageSuffix)", ".core.windows.net"]
    guard name.hasPrefix("https://"), let suffix = suffixes.first(where: name.hasSuffix) else { return false }
    let labels = name.dropFirst("https://".count).dropLast(suffix.count).split(separator: ".", omittingEmptySubsequences: false)
    guard labels.count == 2, ["blob", "queue", "table", "file", "dfs"].contains(labels[1]) else { return false }
    let account = labels[0].hasSuffix("-secondary") ? labels[0].dropLast("-secondary".count) : labels[0]
    return (3...24).contains(account.utf8.count)
      && account.utf8.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
  }

  /// Whether an application may have this name: an absolute URI of visible ASCII characters.
  static func isIdentifier(_ text: String) -> Bool {
    guard text.utf8.count <= 255, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), let colon = text.firstIndex(of: ":") else { return false }
    let scheme = text[..<colon]
    return !scheme.isEmpty && scheme.allSatisfy { $0.isLetter || $0.isNumber || "+-.".contains($0) } && text.index(after: colon) < text.endIndex
  }

  /// The resource of a name in a tenant: a service of the platform or an application that has a service principal there. Nil when there is none.
  static func find(_ identifier: String, tenant: GUID, address: CloudAddress, in reader: any RecordReader) throws -> TokenResource? {
    if let own = firstParty(identifier, address: address) { return own }
    let principals = try reader.list(ServicePrincipal.self, index: ServicePrincipal.nameIndex, [comparable(identifier)], tenant: tenant, limit: 1)
    return principals.first.map { TokenResource(audience: identifier, appID: $0.appID) }
  }
}
