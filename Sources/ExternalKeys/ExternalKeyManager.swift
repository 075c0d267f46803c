public import Wire

/// What an external key manager says of itself.
///
/// Source: Microsoft, "EkmProxyInfo", Key Vault REST reference, 2026-01-01-preview.
public struct ExternalKeyManagerInfo: Sendable, Equatable {
  public var apiVersion: String
  public var proxyVendor: String
  public var proxyName: String
  public var vendor: String
  public var product: String

  public init(apiVersion: String, proxyVendor: String, proxyName: String, vendor: String, product: String) {
    self.apiVersion = apiVersion
    self.proxyVendor = proxyVendor
    self.proxyName = proxyName
    self.vendor = vendor
    self.product = product
  }

  public var json: JSON {
    [
      "api_version": .string(apiVersion), "proxy_vendor": .string(proxyVendor), "proxy_name": .string(proxyName), "ekm_vendor": .string(vendor),
      "ekm_product": .string(product),
    ]
  }

  init?(_ json: JSON) {
    func text(_ name: String) -> String? {
      guard let text = json[name]?.string, text.utf8.count <= ExternalKeyLimits.maximumMessageCharacters else { return nil }
      return text
    }
    guard let apiVersion = text("api_version"), let proxyVendor = text("proxy_vendor"), let proxyName = text("proxy_name"),
      let vendor = text("ekm_vendor"), let product = text("ekm_product")
    else { return nil }
    self.init(apiVersion: apiVersion, proxyVendor: proxyVendor, proxyName: proxyName, vendor: vendor, product: product)
  }
}

/// An external key manager: it wraps and unwraps with keys that never come here, and may say no.
///
/// Every operation throws `ExternalKeyError`, and nothing is tried twice: what the customer's journal shows is what was asked.
public protocol ExternalKeyManager: Sendable {
  /// What it says of itself: that it answers, and takes this vault's certificate.
  func info(_ context: ExternalKeyContext) async throws -> ExternalKeyManagerInfo

  /// What a key is.
  func kind(of key: String, _ context: ExternalKeyContext) async throws -> ExternalKeyKind

  func wrap(_ content: [UInt8], _ algorithm: ExternalKeyAlgorithm, key: String, _ context: ExternalKeyContext) async throws -> [UInt8]

  func unwrap(_ wrapped: [UInt8], _ algorithm: ExternalKeyAlgorithm, key: String, _ context: ExternalKeyContext) async throws -> [UInt8]
}

/// The protocol between a platform and an external key manager.
enum ExternalKeyProtocol {
  static let apiVersion = "0.1-preview"
  static let apiVersionParameter = "api-version"
}
