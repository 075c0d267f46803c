internal import Base
internal import Wire

/// What libvirt's XML of a running domain says.
struct DomainReading: Sendable {
  var resourceID: String
  /// The disks of the machine, without its discs, by serial: what libvirt knows each by.
  var devices: [String: String]

  /// Nil where the text is not a domain that this project made.
  init?(_ text: String) {
    guard let root = try? XMLElement(parsing: text.utf8), root.name == "domain",
      let machine = root.child("metadata")?.child("cocagne:machine"), let resourceID = machine.attribute("resource")
    else { return nil }
    self.resourceID = resourceID
    devices = [:]
    for disk in root.child("devices")?.children ?? [] where disk.name == "disk" {
      guard let serial = disk.child("serial")?.trimmedText, let device = disk.child("target")?.attribute("dev") else { continue }
      devices[serial] = device
    }
  }

  /// A disk's own XML in the domain's, which names it well enough to unplug it.
  static func unplugging(device: String, serial: String) -> String {
    var xml = XMLWriter()
    xml.element("disk", ["type": "file", "device": "disk"]) { xml in
      xml.element("driver", "", ["name": "qemu", "type": "qcow2"])
      xml.element("target", "", ["dev": device, "bus": device.hasPrefix("sd") ? "scsi" : "virtio"])
      xml.element("serial", serial)
    }
    return String(decoding: xml.bytes, as: UTF8.self)
  }
}

extension XMLElement {
  fileprivate func attribute(_ name: String) -> String? {
    attributes.first { $0.name == name }?.value
  }
}
