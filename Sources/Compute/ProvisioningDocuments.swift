internal import Base
internal import Fabric
internal import Hypervisor
internal import Records
internal import ResourceManager
internal import Wire

/// The discs that a guest is provisioned from: Azure's `ovf-env.xml` for images that were prepared for Azure, and cloud-init's NoCloud for light ones.
///
/// Source: cloud-init, "Azure" and "NoCloud" data sources; walinuxagent, `ovfenv.py`.
struct ProvisioningDocuments {
  let machine: Machine
  let resource: Resource
  let interfaces: [MachineInterfaceRecord]
  let secrets: MachineSecrets

  /// Writes both and gives their paths.
  func write(to folder: String) async throws -> [String] {
    let (azure, light) = ("\(folder)/provisioning.iso", "\(folder)/nocloud.iso")
    try await ProvisioningDisc.write(files: [("ovf-env.xml", Array(environment.utf8))], volume: "rd_rdfe_stable", udf: true, to: azure)
    try await ProvisioningDisc.write(
      files: [("meta-data", Array(metaData.utf8)), ("user-data", userData)], volume: "cidata", udf: false, to: light)
    return [azure, light]
  }

  private var view: VirtualMachine { VirtualMachine(resource) }

  private func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
  }

  private var environment: String {
    var set = "<ConfigurationSetType>LinuxProvisioningConfiguration</ConfigurationSetType>"
    set += "<HostName>\(escaped(view.computerName))</HostName>"
    set += "<UserName>\(escaped(view.adminUser ?? "azureuser"))</UserName>"
    if let password = secrets.adminPassword { set += "<UserPassword>\(escaped(password))</UserPassword>" }
    set += "<DisableSshPasswordAuthentication>\(secrets.adminPassword == nil)</DisableSshPasswordAuthentication>"
    if let data = secrets.customData { set += "<CustomData>\(Base64.encode(data))</CustomData>" }
    return """
      <?xml version="1.0" encoding="utf-8"?>
      <Environment xmlns="http://schemas.dmtf.org/ovf/environment/1" xmlns:oe="http://schemas.dmtf.org/ovf/environment/1" \
      xmlns:wa="http://schemas.microsoft.com/windowsazure" xmlns:i="http://www.w3.org/2001/XMLSchema-instance">
      <wa:ProvisioningSection><wa:Version>1.0</wa:Version>\
      <LinuxProvisioningConfigurationSet xmlns="http://schemas.microsoft.com/windowsazure">\(set)</LinuxProvisioningConfigurationSet>\
      </wa:ProvisioningSection>
      <wa:PlatformSettingsSection><wa:Version>1.0</wa:Version>\
      <PlatformSettings xmlns="http://schemas.microsoft.com/windowsazure"><KmsServerHostname>kms.core.windows.net</KmsServerHostname>\
      <ProvisionGuestAgent>true</ProvisionGuestAgent><GuestAgentPackageName i:nil="true" />\
      <PreprovisionedVm>false</PreprovisionedVm><PreprovisionedVMType>None</PreprovisionedVMType></PlatformSettings></wa:PlatformSettingsSection>
      </Environment>
      """
  }

  private var metaData: String {
    "instance-id: \(machine.vmID)\nlocal-hostname: \(view.computerName)\n"
  }

  /// A guest's own custom data where it has any; else the user with its keys.
  private var userData: [UInt8] {
    if let data = secrets.customData { return data }
    var text = "#cloud-config\nusers:\n- name: \(view.adminUser ?? "azureuser")\n  sudo: ALL=(ALL) NOPASSWD:ALL\n  shell: /bin/sh\n"
    text += "  ssh_authorized_keys:\n"
    for key in view.publicKeys { text += "  - \(key.key.filter { $0 != "\n" && $0 != "\r" })\n" }
    return Array(text.utf8)
  }
}
