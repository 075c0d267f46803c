internal import Base
internal import NIOHTTP1
internal import Wire

/// What a client reads to get to know the cloud.
enum MetadataOperations {
  static func all(_ address: CloudAddress) -> [ArmOperation] {
    [
      ArmOperation(
        "Metadata_Endpoints", .GET, "/metadata/endpoints", .open(reason: "tells where to log in, before anybody can have"), at: .tenant
      ) { call in
        ArmAnswer(200, endpoints(address, apiVersion: call.context.apiVersion))
      }
    ]
  }

  /// From 2022-09-01 on an object, from 2019-05-01 on a list of one, before (and as `1.0`) an object of the first form.
  ///
  /// Source: Microsoft, "Cloud endpoint discovery", as az, PowerShell and Terraform read it.
  static func endpoints(_ address: CloudAddress, apiVersion: String) -> JSON {
    if apiVersion >= "2022-09-01" { return current(address) }
    if apiVersion >= "2019-05-01" { return [current(address)] }
    return first(address)
  }

  private static func current(_ address: CloudAddress) -> JSON {
    let graph = address.url("graph") + "/"
    return [
      "name": "Cocagne",
      "resourceManager": .string(address.url("management") + "/"),
      "authentication": authentication(address),
      "graph": .string(graph),
      "graphAudience": .string(graph),
      "microsoftGraphResourceId": .string(graph),
      "vmImageAliasDoc": .string(address.url("management") + "/aliases.json"),
      "suffixes": ["storage": .string(address.storageSuffix), "keyVaultDns": .string(address.vaultSuffix)],
    ]
  }

  private static func first(_ address: CloudAddress) -> JSON {
    [
      "graphEndpoint": .string(address.url("graph") + "/"),
      "authentication": authentication(address),
    ]
  }

  private static func authentication(_ address: CloudAddress) -> JSON {
    let management = address.url("management")
    return [
      "loginEndpoint": .string(address.url("login")),
      "audiences": [.string(management + "/"), .string(management)],
      "tenant": "common",
      "identityProvider": "AAD",
    ]
  }
}
