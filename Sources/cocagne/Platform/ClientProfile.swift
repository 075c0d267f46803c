internal import Base

/// A profile of the Azure CLI in which this cloud is registered and chosen, so that `az` needs no set-up.
struct ClientProfile {
  let address: CloudAddress
  let directory: DataDirectory

  static let cloudName = "Cocagne"

  /// Writes the profile anew; tokens and settings that `az` keeps beside it stay.
  func write() throws {
    let management = address.url("management") + "/"
    let clouds = """
      [\(Self.cloudName)]
      profile = latest
      endpoint_active_directory = \(address.url("login"))
      endpoint_active_directory_resource_id = \(management)
      endpoint_active_directory_graph_resource_id = \(address.url("graph"))/
      endpoint_management = \(management)
      endpoint_microsoft_graph_resource_id = \(address.url("graph"))/
      endpoint_resource_manager = \(management)
      endpoint_vm_image_alias_doc = \(management)aliases.json
      suffix_storage_endpoint = \(address.storageSuffix)
      suffix_keyvault_dns = .\(address.vaultSuffix)

      """
    let configuration = """
      [cloud]
      name = \(Self.cloudName)

      [core]
      instance_discovery = false
      collect_telemetry = no
      display_region_identified = no
      survey_message = no

      [auto-upgrade]
      enable = no

      """
    try DataDirectory.write(clouds.utf8, to: directory.azureConfiguration + "/clouds.config")
    if try DataDirectory.read(directory.azureConfiguration + "/config") == nil {
      try DataDirectory.write(configuration.utf8, to: directory.azureConfiguration + "/config")
    }
  }
}
