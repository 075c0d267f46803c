internal import Base
internal import Fabric
internal import Records
internal import ResourceManager
internal import Wire

/// What a machine's body says besides its disks.
extension VirtualMachineType {
  /// Checks the operating system's profile, and takes the secrets out of it.
  func osProfile(_ given: JSON?, _ existing: Resource?, _ id: ResourceID, _ secrets: inout MachineSecrets) throws -> JSON? {
    let kept = existing?.properties["osProfile"]
    guard let given else { return kept }
    if let existing {
      for name in ["computerName", "adminUsername"] {
        if let wanted = given.member(name)?.string, let before = existing.properties.member("osProfile", name)?.string, wanted != before {
          throw CloudError.changeNotAllowed("osProfile.\(name)")
        }
      }
      if let text = given.member("customData")?.string { secrets.customData = try Self.base64(text, "customData", "Custom data in OSProfile") }
      if let password = given.member("adminPassword")?.string { secrets.adminPassword = password }
      return kept
    }
    let computerName = given.member("computerName")?.string ?? id.name
    guard Self.isHostName(computerName) else {
      throw CloudError.invalidParameter(
        "computerName",
        "Linux host name cannot exceed 64 characters in length or contain the following characters: "
          + "` ~ ! @ # $ % ^ & * ( ) = + _ [ ] { } \\ | ; : ' \" , < > / ?.")
    }
    guard let user = given.member("adminUsername")?.string, Self.isUserName(user) else {
      throw CloudError.invalidParameter("adminUsername", "The Admin Username specified is not allowed.")
    }
    let linux = given.member("linuxConfiguration")
    let keys = try publicKeys(linux?.member("ssh", "publicKeys")?.array ?? [], user)
    let isPasswordDisabled = linux?.member("disablePasswordAuthentication")?.boolean ?? false
    let password = given.member("adminPassword")?.string
    if let password {
      guard !isPasswordDisabled else {
        throw CloudError.invalidParameter(
          "adminPassword", "Authentication using password must be enabled where an admin password is given: disablePasswordAuthentication is true.")
      }
      try checkPassword(password)
      secrets.adminPassword = password
    } else if keys.isEmpty {
      throw CloudError.invalidParameter(
        "linuxConfiguration.ssh.publicKeys.keyData",
        "Authentication using either SSH or by user name and password must be enabled in Linux profile.")
    }
    if let text = given.member("customData")?.string { secrets.customData = try Self.base64(text, "customData", "Custom data in OSProfile") }
    var configuration: JSON.Object = JSON.Object([
      ("disablePasswordAuthentication", .boolean(isPasswordDisabled)),
      ("provisionVMAgent", .boolean(linux?.member("provisionVMAgent")?.boolean ?? true)),
      ("patchSettings", ["patchMode": "ImageDefault", "assessmentMode": "ImageDefault"]),
    ])
    if !keys.isEmpty { configuration["ssh"] = ["publicKeys": .array(keys)] }
    return [
      "computerName": .string(computerName), "adminUsername": .string(user), "linuxConfiguration": .object(configuration), "secrets": [],
      "allowExtensionOperations": true, "requireGuestProvisionSignal": true,
    ]
  }

  private func publicKeys(_ given: [JSON], _ user: String) throws -> [JSON] {
    try given.map { key in
      guard let data = key.member("keyData")?.string, Self.isPublicKey(data) else {
        throw CloudError.invalidParameter(
          "linuxConfiguration.ssh.publicKeys.keyData",
          "The value of parameter linuxConfiguration.ssh.publicKeys.keyData is invalid: an OpenSSH public key is expected.")
      }
      let path = key.member("path")?.string ?? "/home/\(user)/.ssh/authorized_keys"
      guard path == "/home/\(user)/.ssh/authorized_keys" else {
        throw CloudError.invalidParameter(
          "linuxConfiguration.ssh.publicKeys.path",
          "Destination path for SSH public keys is currently limited to its default value /home/\(user)/.ssh/authorized_keys due to a known issue "
            + "in Linux provisioning agent.")
      }
      return ["path": .string(path), "keyData": .string(data)]
    }
  }

  private static func isPublicKey(_ text: String) -> Bool {
    let words = text.split { $0 == " " || $0.isNewline }
    guard words.count >= 2, !text.utf8.contains(0) else { return false }
    let known = ["ssh-rsa", "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "sk-ssh-ed25519@openssh.com"]
    return known.contains(String(words[0])) && Base64.decode(String(words[1])) != nil
  }

  static func isHostName(_ text: String) -> Bool {
    let allowed: (UInt8) -> Bool = { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
        UInt8(ascii: "."):
        true
      default: false
      }
    }
    return (1...64).contains(text.utf8.count) && text.utf8.allSatisfy(allowed) && !text.hasPrefix("-") && !text.hasPrefix(".") && !text.hasSuffix(".")
  }

  private static func isUserName(_ text: String) -> Bool {
    let reserved = [
      "administrator", "admin", "root", "test", "guest", "user", "console", "daemon", "bin", "sys", "nobody", "sshd", "www-data", "backup",
    ]
    let bytes = Array(text.utf8)
    guard (1...64).contains(bytes.count), !reserved.contains(text.lowercased()) else { return false }
    return bytes.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
        UInt8(ascii: "_"), UInt8(ascii: "."):
        true
      default: false
      }
    } && bytes[0] != UInt8(ascii: "-") && !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[0])
  }

  private func checkPassword(_ password: String) throws {
    let kinds = [
      password.contains { $0.isLowercase }, password.contains { $0.isUppercase }, password.contains { $0.isNumber },
      password.contains { !$0.isLetter && !$0.isNumber },
    ]
    guard (6...72).contains(password.count), kinds.filter({ $0 }).count >= 3, !password.unicodeScalars.contains(where: { $0.value < 0x20 }) else {
      throw CloudError.invalidParameter(
        "adminPassword",
        "The supplied password must be between 6-72 characters long and must satisfy at least 3 of password complexity requirements from the "
          + "following: Contains an uppercase character, Contains a lowercase character, Contains a numeric digit, Contains a special character, "
          + "Control characters are not allowed")
    }
  }

  static func base64(_ text: String, _ target: String, _ what: String) throws -> [UInt8] {
    guard let bytes = Base64.decode(text), bytes.count <= ComputeLimits.maximumCustomDataBytes else {
      throw CloudError.invalidParameter(
        target, "\(what) must be in Base64 encoding and with a maximum length of 87380 characters.")
    }
    return bytes
  }

  // MARK: Network

  func networkProfile(
    _ given: JSON?, _ existing: Resource?, _ machine: Machine, _ change: ResourceChange, location: String, in reader: any RecordReader
  ) throws -> JSON {
    if given == nil, let kept = existing?.properties["networkProfile"] { return kept }
    guard let items = given?.member("networkInterfaces")?.array, !items.isEmpty else {
      throw CloudError.missingParameter("networkProfile.networkInterfaces")
    }
    guard items.count <= 8 else {
      throw CloudError.invalidParameter("networkProfile.networkInterfaces", "A virtual machine of this size can have 8 network interfaces at most.")
    }
    var ids: [ResourceID] = []
    var network: NetworkName?
    let primaries = items.filter { $0.member("properties", "primary")?.boolean == true }
    guard primaries.count <= 1, items.count == 1 || primaries.count == 1 else {
      throw CloudError(
        400, "VirtualMachineMustHaveOneNetworkInterfaceAsPrimary",
        "Virtual machine \(change.id.name) must have one network interface set as the primary.", target: "networkProfile")
    }
    let kept: [JSON] = try items.map { item in
      guard let text = item.member("id")?.string, let id = ResourceID(text), id.type?.lowercased() == "microsoft.network/networkinterfaces" else {
        throw CloudError.invalidParameter("networkInterface.id", "The network interface id '\(item.member("id")?.string ?? "")' is not valid.")
      }
      guard id.subscription == change.context.subscription,
        let interface = try service.networks.interface(id, tenant: change.context.tenant, in: reader), interface.location == location
      else {
        throw CloudError(
          400, "InvalidResourceReference",
          "Resource \(text) referenced by resource \(change.id) was not found. Please make sure that the referenced resource exists, and that both "
            + "resources are in the same region.")
      }
      guard !ids.contains(interface.id) else {
        throw CloudError.invalidParameter("networkInterface.id", "The network interface \(interface.id) is named twice.")
      }
      if let network, network != interface.network {
        throw CloudError(
          400, "SubnetsNotInSameVnet",
          "Subnet of network interface \(interface.id) referenced by virtual machine \(change.id.name) is not in the virtual network of its other "
            + "network interfaces.")
      }
      network = interface.network
      ids.append(interface.id)
      let users = try ResourceLink.sources(of: interface.id, Self.interfaceRole, tenant: change.context.tenant, in: reader)
      if let other = users.first(where: { $0 != change.id }) {
        throw CloudError(
          400, "NicInUse",
          "Network Interface \(interface.id) is used by existing resource \(other). In order to delete the network interface, it must be "
            + "dissociated from the resource. To learn more, see aka.ms/deletenic.")
      }
      var properties = JSON.Object([("primary", .boolean(items.count == 1 || item.member("properties", "primary")?.boolean == true))])
      properties["deleteOption"] = .string(try Self.deleteOption(item.member("properties", "deleteOption"), "networkInterface"))
      return ["id": .string(interface.id.description), "properties": .object(properties)]
    }
    if let existing, machine.wanted == .running, Set(ids) != Set(VirtualMachine(existing).interfaces.map(\.id)) {
      throw CloudError.operationNotAllowed(
        "Network interfaces of virtual machine '\(change.id.name)' can be changed only while it is deallocated.")
    }
    return ["networkInterfaces": .array(kept)]
  }

  static func deleteOption(_ json: JSON?, _ what: String, standard: String = "Detach") throws -> String {
    guard let text = json?.string else { return standard }
    guard let option = ["Delete", "Detach"].first(where: { $0.lowercased() == text.lowercased() }) else {
      throw CloudError.invalidParameter("\(what).deleteOption", "The value '\(text)' of \(what).deleteOption is not one of Delete, Detach.")
    }
    return option
  }

  // MARK: Availability set

  /// The availability set that a machine is in, or is made in. A machine stays in its set, or in none.
  func availabilitySet(
    _ given: JSON?, _ change: ResourceChange, location: String, zones: [String]?, in reader: any RecordReader
  ) throws -> ResourceID? {
    let text = given?.member("id")?.string
    let wanted = text.flatMap { ResourceID($0) }
    if let existing = change.existing {
      let kept = existing.properties.member("availabilitySet", "id")?.string.flatMap { ResourceID($0) }
      guard text == nil || wanted == kept else { throw CloudError.changeNotAllowed("availabilitySet.id") }
      return kept
    }
    guard let text else { return nil }
    guard let wanted, wanted.type?.lowercased() == AvailabilitySetType.name.lowercased() else {
      throw CloudError.invalidParameter("availabilitySet.id", "Id \(text) is not a valid resource reference.")
    }
    guard wanted.subscription == change.context.subscription else {
      throw CloudError.invalidParameter(
        "availabilitySet.id",
        "Subscription \(change.context.subscription) of the request must match the subscription \(wanted.subscription ?? .zero) contained in the "
          + "availability set id.")
    }
    guard zones?.isEmpty ?? true else {
      throw CloudError(
        400, "BadRequest",
        "Virtual Machine cannot be created because both Availability Zone and Availability Set were specified. Deploying an Availability Set to an "
          + "Availability Zone isn't supported.")
    }
    guard let set = try reader.fetch(Resource.self, Resource.key(tenant: change.context.tenant, wanted)), set.location == location else {
      throw CloudError(404, "NotFound", "The Availability Set '\(wanted)' cannot be found.", target: "availabilitySet.id")
    }
    // All disks of this cloud are managed ones.
    guard set.sku?["name"]?.string == "Aligned" else {
      throw CloudError(
        400, "BadRequest",
        "Addition of a VM with managed disks to non-managed Availability Set or addition of a VM with blob based disks to managed Availability Set is "
          + "not supported. Please create an Availability Set with 'Aligned' SKU in order to add a VM with managed disks to it.")
    }
    return set.id
  }

  /// Where in its set a new machine is.
  func place(in set: ResourceID, _ change: ResourceChange, _ reader: any RecordReader) throws -> Machine.Availability? {
    let tenant = change.context.tenant
    guard let resource = try reader.fetch(Resource.self, Resource.key(tenant: tenant, set)) else { return nil }
    let others = try ResourceLink.sources(of: set, Self.availabilitySetRole, tenant: tenant, in: reader)
    guard others.count < AvailabilitySetType.maximumMachines else {
      throw CloudError.operationNotAllowed(
        "Availability Set '\(set.name)' has \(others.count) virtual machines, which is as many as it can have.")
    }
    return Machine.Availability(in: resource, beside: try others.compactMap { try Machine.find($0, tenant: tenant, in: reader)?.availability })
  }

  /// A disk of a zone is not for a machine that may be in any.
  func refuseZonalDisks(_ machine: VirtualMachine, tenant: GUID, in reader: any RecordReader) throws {
    for disk in machine.disks where try reader.fetch(Resource.self, Resource.key(tenant: tenant, disk))?.zones?.isEmpty == false {
      throw CloudError(
        400, "BadRequest",
        "Zonal Disk '\(disk)' cannot be attached to resource '\(machine.id.name)' because the resource belongs to an Availability Set and this "
          + "feature is not supported.")
    }
  }

  /// A disk that an operation of its own is making is made by that alone.
  func refuseUnfinishedDisks(_ machine: VirtualMachine, tenant: GUID, in reader: any RecordReader) throws {
    for disk in machine.disks {
      guard let record = try DiskRecord.find(disk, tenant: tenant, in: reader), !record.isReady,
        try !LongRunningOperation.pending(disk, tenant: tenant, in: reader).isEmpty
      else { continue }
      throw CloudError(
        409, "ConflictingUserInput", "Disk '\(disk.name)' cannot be attached as it is still being created.", target: "dataDisk.managedDisk.id")
    }
  }

  // MARK: Security

  func securityProfile(_ given: JSON?, _ existing: Resource?, image: JSON?, in reader: any RecordReader) throws -> JSON? {
    let kept = existing?.properties["securityProfile"]
    guard let given else { return kept }
    let type = given.member("securityType")?.string ?? kept?.member("securityType")?.string
    guard let type, type.lowercased() != "standard" else { return kept }
    guard type.lowercased() == "trustedlaunch" else {
      throw CloudError.invalidParameter("securityProfile.securityType", "The security type '\(type)' is not served by this cloud.")
    }
    if existing != nil, kept?.member("securityType")?.string != "TrustedLaunch" { throw CloudError.changeNotAllowed("securityProfile.securityType") }
    if existing == nil, case .platform(let publisher, let offer, let sku, let version)? = VirtualMachine.image(image) {
      let found = try PlatformImage.find(
        publisher: publisher, offer: offer, sku: sku, version: version, location: service.location, in: reader)
      guard found.generations.contains("V2") else {
        throw CloudError(
          400, "BadRequest",
          "Use of TrustedLaunch setting is not supported for the provided image. Please select Trusted Launch Supported Gen2 OS Image. "
            + "For more information, see https://aka.ms/TrustedLaunch-FAQ.")
      }
    }
    return [
      "securityType": "TrustedLaunch",
      "uefiSettings": [
        "secureBootEnabled": .boolean(given.member("uefiSettings", "secureBootEnabled")?.boolean ?? true),
        "vTpmEnabled": .boolean(given.member("uefiSettings", "vTpmEnabled")?.boolean ?? true),
      ],
    ]
  }
}
