/// The closed vocabularies in which facts, needs and marks speak of offers. A word's raw value is what stands in the files.
public enum OfferVocabulary {
  /// The members of the European Union, by ISO 3166-1 codes.
  public static let europeanUnion: Set = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO",
    "SE", "SI", "SK",
  ]
  /// The versions of ANSSI's requirements. They are texts: `3.10` would not be `3.1`.
  public static let versions = ["3.0", "3.1", "3.2"]
  /// Other attestations that a need may ask for.
  public static let labels = [
    "HDS", "DR", "PDIS", "PSSIE", "ISO 27001", "ISO 27017", "ISO 27018", "ISO 20000-1", "ISO 50001",
  ]
  /// How a value that nobody found is written. It does not mean “no”.
  public static let unknown = "inconnu"
  /// How it is written that an offer stands on no other offer.
  public static let noOffer = "aucune"
}

/// The families of services of SecNumCloud, chapter 2.
public enum OfferModel: String, CaseIterable, Sendable {
  case iaas = "IaaS"
  case paas = "PaaS"
  case caas = "CaaS"
  case saas = "SaaS"
}

/// Where an offer stands with ANSSI, as a source has it.
public enum OfferStatus: String, CaseIterable, Sendable {
  case qualified = "qualifie"
  case underWay = "en_cours"
  case withdrawn = "retire"
}

/// Services that a need may ask for.
public enum OfferService: String, CaseIterable, Sendable {
  case compute = "calcul"
  case bareMetal = "bare_metal"
  case vmware
  case gpu
  case block = "bloc"
  case object = "objet"
  case files = "fichiers"
  case backup = "sauvegarde"
  case network = "reseau"
  case loadBalancing = "equilibrage"
  case identities = "identites"
  case hsm
  case kubernetes
  case database = "base_de_donnees"
  case analytics = "analyse"
  case collaboration = "collaboratif"
}

/// Who holds the keys that a client's data are encrypted with, from the provider to the client.
public enum OfferKeyCustody: String, CaseIterable, Sendable {
  /// The provider alone.
  case provider = "prestataire"
  /// Keys that the client steers in the provider's service, for some of the services.
  case partlyManaged = "cmek_partiel"
  /// Keys that the client steers in the provider's service.
  case managed = "cmek"
  /// Keys that the client brings.
  case brought = "byok"
  /// Keys that stay with the client.
  case external = "externe"
  /// A service of keys at the provider of which no source says whether the client may bring or keep its own.
  case unspecified = "kms"
}

/// By what an offer is spoken to: whether what was built on it runs elsewhere.
public enum OfferStandard: String, CaseIterable, Sendable {
  case openStack = "OpenStack"
  case kubernetes = "Kubernetes"
  case s3 = "S3"
  case aws = "AWS"
  case azure = "Azure"
  case googleCloud = "GCP"
  case vsphere = "vSphere"
  case own = "propre"

  /// Whether several products that owe nothing to each other speak it. The others belong to one vendor.
  public var isOpen: Bool { [.openStack, .kubernetes, .s3].contains(self) }
}
