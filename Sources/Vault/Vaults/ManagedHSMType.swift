internal import Base
internal import Records
internal import ResourceManager
internal import Wire

/// `Microsoft.KeyVault/managedHSMs`: none can be made. Clients that list vaults list these besides.
///
/// Source: Microsoft, "Managed Hsms", REST reference of the Key Vault resource provider.
struct ManagedHSMType: ProjectedResourceType {
  static let name = "Microsoft.KeyVault/managedHSMs"

  var descriptor: ResourceTypeDescriptor {
    ResourceTypeDescriptor(type: Self.name, apiVersions: VaultProvider.apiVersions, createdStatus: 200)
  }

  func resource(_ id: ResourceID, tenant: GUID, in reader: any RecordReader) throws -> Resource? { nil }

  func resources(in parent: ResourceID, tenant: GUID, after: String?, limit: Int, in reader: any RecordReader) throws -> [Resource] { [] }

  /// What Azure says of a location that does not have a type.
  func put(_ change: ResourceChange, in transaction: RecordTransaction) throws -> Resource {
    let location = change.body.member("location")?.string ?? ""
    throw CloudError(
      400, "LocationNotAvailableForResourceType",
      "The provided location '\(location)' is not available for resource type '\(Self.name)'. List of available regions for the resource type is ''.")
  }

  func delete(_ resource: Resource, context: OperationContext, in transaction: RecordTransaction) throws {}

  func render(_ resource: Resource, in reader: any RecordReader) throws -> JSON { [:] }

  /// What is asked of managed HSMs beside the resources.
  static let actions: [ProviderAction] = [
    ProviderAction(
      method: .get, path: "deletedManagedHSMs", permission: "Microsoft.KeyVault/deletedManagedHsms/read", run: { _, _, _, _ in ["value": []] }),
    ProviderAction(
      method: .get, path: "locations/{location}/deletedManagedHSMs/{name}", permission: "Microsoft.KeyVault/locations/deletedManagedHsms/read",
      run: { parameters, _, _, _ in throw notFound(parameters["name"] ?? "") }),
    ProviderAction(
      post: "locations/{location}/deletedManagedHSMs/{name}/purge", permission: "Microsoft.KeyVault/locations/deletedManagedHsms/purge/action",
      changing: { parameters, _, _, _ in throw notFound(parameters["name"] ?? "") }),
    // No managed HSM holds a name, and none can take one: what is asked is only whether it would do.
    ProviderAction(
      method: .post, path: "checkMhsmNameAvailability", permission: "Microsoft.KeyVault/checkMhsmNameAvailability/read",
      run: { _, body, _, _ in
        guard let name = body.member("name")?.string else { throw VaultSettings.invalid("name") }
        guard VaultResourceName.isValid(name) else {
          return [
            "nameAvailable": false, "reason": "AccountNameInvalid",
            "message": .string(
              "The managed HSM name '\(name)' is invalid. A name must be between 3-24 alphanumeric characters. The name must begin with a letter, end "
                + "with a letter or digit, and not contain consecutive hyphens."),
          ]
        }
        return ["nameAvailable": true]
      }),
  ]

  private static func notFound(_ name: String) -> CloudError {
    CloudError(404, "DeletedManagedHsmNotFound", "The specified deleted managed HSM '\(name)' does not exist.")
  }
}
