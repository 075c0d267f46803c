internal import Base
internal import Records
internal import ResourceManager
internal import Wire

/// The operator's images as Azure lists them: publishers, offers, SKUs, versions.
///
/// Source: Microsoft, "Virtual Machine Images", REST reference. The lists are arrays without an envelope.
enum ImageCatalogue {
  static var actions: [ProviderAction] {
    let base = "locations/{location}/publishers"
    return [
      action(base, "publishers") { parameters, context, reader in
        .array(names(try PlatformImage.list([], in: reader).map(\.publisher)).map { item($0, parent: place(parameters, context), "Publishers") })
      },
      action(base + "/{publisher}/artifacttypes/vmimage/offers", "publishers/artifacttypes/offers") { parameters, context, reader in
        let found = try PlatformImage.list([parameters["publisher"] ?? ""], in: reader)
        let parent = "\(place(parameters, context))/Publishers/\(parameters["publisher"] ?? "")/ArtifactTypes/VMImage"
        return .array(names(found.map(\.offer)).map { item($0, parent: parent, "Offers") })
      },
      action(base + "/{publisher}/artifacttypes/vmimage/offers/{offer}/skus", "publishers/artifacttypes/offers/skus") {
        parameters, context, reader in
        let found = try PlatformImage.list([parameters["publisher"] ?? "", parameters["offer"] ?? ""], in: reader)
        let parent = "\(imagePlace(parameters, context))"
        return .array(names(found.map(\.sku)).map { item($0, parent: parent, "Skus") })
      },
      action(
        base + "/{publisher}/artifacttypes/vmimage/offers/{offer}/skus/{sku}/versions", "publishers/artifacttypes/offers/skus/versions",
        run: versions),
      action(
        base + "/{publisher}/artifacttypes/vmimage/offers/{offer}/skus/{sku}/versions/{version}", "publishers/artifacttypes/offers/skus/versions"
      ) { parameters, context, reader in
        let image = try PlatformImage.find(
          publisher: parameters["publisher"] ?? "", offer: parameters["offer"] ?? "", sku: parameters["sku"] ?? "",
          version: parameters["version"] ?? "", location: parameters["location"] ?? "", in: reader)
        return version(image, context, parameters, whole: true)
      },
    ]
  }

  /// Short names of the images: each offer's, or where it has several SKUs, the offer's and the SKU's.
  ///
  /// Source: azure-cli, what it reads at the endpoint `vmImageAliasDoc`.
  static func aliases(in reader: any RecordReader) throws -> JSON {
    var newest: [[String]: PlatformImage] = [:]
    for image in try PlatformImage.list([], in: reader) { newest[[image.publisher, image.offer, image.sku]] = image }
    var linux = JSON.Object()
    for (names, _) in newest.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
      let isOnly = newest.keys.filter { $0[1].lowercased() == names[1].lowercased() }.count == 1
      linux[isOnly ? names[1] : "\(names[1])-\(names[2])"] = [
        "publisher": .string(names[0]), "offer": .string(names[1]), "sku": .string(names[2]), "version": "latest", "architecture": "x64",
      ]
    }
    return ["outputs": ["aliases": ["type": "object", "value": ["Linux": .object(linux), "Windows": [:]]]]]
  }

  private typealias Run = @Sendable ([String: String], OperationContext, any RecordReader) throws -> JSON

  private static func action(_ path: String, _ permission: String, run: @escaping Run) -> ProviderAction {
    ProviderAction(
      method: .get, path: path, permission: "Microsoft.Compute/locations/\(permission)/read",
      run: { parameters, _, context, reader in try run(parameters, context, reader) })
  }

  @Sendable private static func versions(
    _ parameters: [String: String], _ context: OperationContext, _ reader: any RecordReader
  ) throws -> JSON {
    var images = try PlatformImage.list([parameters["publisher"] ?? "", parameters["offer"] ?? "", parameters["sku"] ?? ""], in: reader)
    if parameters["$orderby"]?.lowercased().hasSuffix("desc") == true { images.reverse() }
    if let top = parameters["$top"].flatMap({ Int($0) }), top > 0 { images = Array(images.prefix(top)) }
    let whole = parameters["$expand"]?.lowercased().contains("properties") == true
    return .array(images.map { version($0, context, parameters, whole: whole) })
  }

  private static func place(_ parameters: [String: String], _ context: OperationContext) -> String {
    "/Subscriptions/\(context.subscription)/Providers/Microsoft.Compute/Locations/\(parameters["location"] ?? "")"
  }

  private static func imagePlace(_ parameters: [String: String], _ context: OperationContext) -> String {
    "\(place(parameters, context))/Publishers/\(parameters["publisher"] ?? "")/ArtifactTypes/VMImage/Offers/\(parameters["offer"] ?? "")"
  }

  /// Each once, as first spelled.
  private static func names(_ all: [String]) -> [String] {
    var seen: Set<String> = []
    return all.filter { seen.insert($0.lowercased()).inserted }
  }

  private static func item(_ name: String, parent: String, _ collection: String) -> JSON {
    [
      "id": .string("\(parent)/\(collection)/\(name)"), "name": .string(name),
      "location": .string(parent.split(separator: "/").dropFirst(5).first.map(String.init) ?? ""),
    ]
  }

  private static func version(_ image: PlatformImage, _ context: OperationContext, _ parameters: [String: String], whole: Bool) -> JSON {
    let id = "\(imagePlace(parameters, context))/Skus/\(image.sku)/Versions/\(image.version)"
    var json = JSON.Object([("id", .string(id)), ("name", .string(image.version)), ("location", .string(parameters["location"] ?? ""))])
    guard whole else { return .object(json) }
    let gibibytes = (image.sizeBytes + (1 << 30) - 1) >> 30
    let disk: JSON = ["operatingSystem": "Linux", "sizeInGb": .integer(gibibytes), "sizeInBytes": .integer(image.sizeBytes)]
    let features: JSON = [["name": "IsHibernateSupported", "value": "False"], ["name": "SecurityType", "value": "TrustedLaunchSupported"]]
    json["properties"] = [
      "osDiskImage": disk, "dataDiskImages": [], "hyperVGeneration": .string(image.generations.contains("V2") ? "V2" : "V1"), "architecture": "x64",
      "automaticOSUpgradeProperties": ["automaticOSUpgradeSupported": false], "features": features,
      "imageDeprecationStatus": ["imageState": "Active"],
    ]
    return .object(json)
  }
}
