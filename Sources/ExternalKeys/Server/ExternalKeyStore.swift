/// Where the reference server's keys and policy come from. Both are asked for anew at each request, so that what their owner changes counts at once.
package protocol ExternalKeyStore: Sendable {
  /// Throws where it cannot be read: then nothing is allowed.
  func policy() throws -> ExternalKeyPolicy

  /// Nil where there is no key of the name.
  func key(_ name: String) throws -> ExternalKeyMaterial?
}

/// A platform's vault that may ask, as `az keyvault ekm-connection certificate show` prints it.
package struct ExternalKeyClientName: Sendable, Equatable {
  package var commonName: String
  /// In DER.
  package var authorities: [[UInt8]]

  package init(commonName: String, authorities: [[UInt8]]) {
    self.commonName = commonName
    self.authorities = authorities
  }

  /// Whether a certificate is this client's: of its name, and signed by an authority of its own.
  func isBorne(by certificate: [UInt8]) -> Bool {
    authorities.contains { ExternalKeyAuthority.commonName(of: certificate, signedBy: $0) == commonName }
  }
}
