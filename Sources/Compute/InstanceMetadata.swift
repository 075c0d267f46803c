internal import Base
internal import Fabric
internal import Records
internal import ResourceManager
internal import Wire

/// What a machine may learn of itself at 169.254.169.254.
///
/// Source: Microsoft, "Azure Instance Metadata Service".
struct InstanceMetadata {
  let machine: Machine
  let resource: Resource
  let interfaces: [MachineInterfaceRecord]
  let disks: [DiskRecord]
  let userData: [UInt8]?
  let image: PlatformImage?

  /// The whole document under `/metadata/instance`.
  var json: JSON { ["compute": compute, "network": network] }

  private var compute: JSON {
    let view = VirtualMachine(resource)
    let tags = resource.tags.sorted { $0.key < $1.key }
    return [
      "azEnvironment": "Cocagne", "location": .string(resource.location ?? ""), "name": .string(resource.id.name),
      "vmId": .string(machine.vmID.description),
      "resourceId": .string(resource.id.description), "resourceGroupName": .string(resource.id.resourceGroup ?? ""),
      "subscriptionId": .string(resource.id.subscription?.description ?? ""), "vmSize": .string(machine.size), "zone": .string(machine.zone ?? ""),
      "osType": "Linux", "publisher": .string(image?.publisher ?? ""), "offer": .string(image?.offer ?? ""), "sku": .string(image?.sku ?? ""),
      "version": .string(image?.version ?? ""), "provider": "Microsoft.Compute", "placementGroupId": "",
      "platformFaultDomain": .string(String(machine.availability?.faultDomain ?? 0)),
      "platformUpdateDomain": .string(String(machine.availability?.updateDomain ?? 0)), "customData": "",
      "userData": .string(userData.map { Base64.encode($0) } ?? ""), "evictionPolicy": "",
      "isHostCompatibilityLayerVm": "false", "licenseType": "", "priority": "Regular", "vmScaleSetName": "",
      "tags": .string(tags.map { "\($0.key):\($0.value)" }.joined(separator: ";")),
      "tagsList": .array(tags.map { ["name": .string($0.key), "value": .string($0.value)] }),
      "plan": ["name": "", "product": "", "publisher": ""],
      "osProfile": [
        "adminUsername": .string(view.adminUser ?? ""), "computerName": .string(view.computerName),
        "disablePasswordAuthentication": .string(view.isPasswordDisabled ? "true" : "false"),
      ],
      "publicKeys": .array(view.publicKeys.map { ["keyData": .string($0.key), "path": .string($0.path)] }),
      "securityProfile": [
        "secureBootEnabled": .string(view.hasSecureBoot ? "true" : "false"), "virtualTpmEnabled": .string(view.hasTPM ? "true" : "false"),
        "encryptionAtHost": "true", "securityType": .string(view.isTrustedLaunch ? "TrustedLaunch" : ""),
      ],
      "storageProfile": storageProfile(view),
    ]
  }

  private func storageProfile(_ view: VirtualMachine) -> JSON {
    func size(_ id: ResourceID?) -> JSON {
      .string(disks.first { $0.id == id }.map { String($0.sizeGiB) } ?? "")
    }
    return [
      "imageReference": [
        "id": "", "publisher": .string(image?.publisher ?? ""), "offer": .string(image?.offer ?? ""), "sku": .string(image?.sku ?? ""),
        "version": .string(image?.version ?? ""), "exactVersion": .string(image?.version ?? ""),
      ],
      "osDisk": [
        "name": .string(view.osDisk?.name ?? ""), "osType": "Linux", "createOption": "FromImage", "caching": "ReadWrite",
        "diskSizeGB": size(view.osDisk), "managedDisk": ["id": .string(view.osDisk?.description ?? ""), "storageAccountType": "Premium_LRS"],
        "encryptionSettings": ["enabled": "false"], "image": ["uri": ""], "vhd": ["uri": ""], "writeAcceleratorEnabled": "false",
      ],
      "dataDisks": .array(
        view.dataDisks.map { disk in
          [
            "lun": .string(String(disk.lun)), "name": .string(disk.name), "diskSizeGB": size(disk.disk), "createOption": "Attach", "caching": "None",
            "managedDisk": ["id": .string(disk.disk.description), "storageAccountType": "Premium_LRS"], "isSharedDisk": "false",
          ]
        }), "resourceDisk": ["size": "0"],
    ]
  }

  private var network: JSON {
    [
      "interface": .array(
        interfaces.map { interface in
          [
            "ipv4": [
              "ipAddress": .array(
                interface.addresses.map { address in
                  [
                    "privateIpAddress": .string(address.privateAddress.description),
                    "publicIpAddress": .string(address.publicAddress?.description ?? ""),
                  ]
                }),
              "subnet": [["address": .string(interface.subnet.first.description), "prefix": .string(String(interface.subnet.length))]],
            ], "ipv6": ["ipAddress": []], "macAddress": .string(interface.mac.azureText.filter { $0 != "-" }),
          ]
        })
    ]
  }

  /// What stands at a path below `/metadata/instance`; nil where nothing does. Arrays are walked by number.
  static func find(_ path: [String], in document: JSON) -> JSON? {
    var value = document
    for segment in path {
      if let items = value.array, let index = Int(segment) {
        guard items.indices.contains(index) else { return nil }
        value = items[index]
      } else {
        guard let next = value.object?.member(ignoringCase: segment) else { return nil }
        value = next
      }
    }
    return value
  }

  /// The `format=text` form: a leaf's text, or the names below a node.
  static func text(_ value: JSON) -> String {
    switch value {
    case .string(let text): text
    case .object(let object):
      object.members.map { name, child in child.object != nil || child.array != nil ? "\(name)/" : name }.joined(separator: "\n")
    case .array(let items): items.indices.map { "\($0)/" }.joined(separator: "\n")
    default: value.text
    }
  }
}
