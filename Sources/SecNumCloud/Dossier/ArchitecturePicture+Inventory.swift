extension ArchitecturePicture {
  /// The platform as its inventory finds it.
  public init(_ inventory: Inventory) {
    self.init(bands: [Self.clients, Self.door(inventory), Self.control(inventory), Self.data] + Self.machines(inventory) + [Self.host(inventory)])
  }

  private static var clients: Band {
    Band(
      Text("Commanditaires", "Clients"),
      [
        Box(
          Text("Clients du service", "The service's clients"),
          [Text("az, SDK d'Azure, Ansible, rclone : sans modification", "az, Azure's SDKs, Ansible, rclone: unmodified")])
      ])
  }

  private static func door(_ inventory: Inventory) -> Band {
    Band(
      Text("Porte d'entrée", "Front door"), link: Text("TLS, port \(inventory.port)", "TLS, port \(inventory.port)"),
      [
        Box(
          Text("Une seule écoute : \(inventory.domain)", "One listener: \(inventory.domain)"),
          shown(inventory.listeningAddresses.map { "\($0) : \(inventory.port)" }, most: 3))
      ])
  }

  private static func control(_ inventory: Inventory) -> Band {
    func box(_ french: String, _ english: String, _ service: String, _ does: Text) -> Box {
      Box(Text(french, english), [same("\(service).\(inventory.domain)"), does])
    }
    return Band(
      Text("Plan de contrôle Cocagne \(inventory.version)", "Control plane Cocagne \(inventory.version)"), link: Text("nom d'hôte", "host name"),
      [
        box("Identité", "Identity", "login", Text("jetons, sessions", "tokens, sessions")),
        box("Gestion des ressources", "Resource Manager", "management", Text("droits, verrous, journal", "rights, locks, log")),
        box("Annuaire", "Directory", "graph", Text("comptes, groupes, applications", "accounts, groups, applications")),
        box("Stockage", "Storage", "*.blob.core", Text("objets des clients", "clients' objects")),
      ])
  }

  private static var data: Band {
    Band(
      Text("Données chiffrées", "Encrypted data"), link: Text("une transaction par changement", "one transaction for each change"),
      [
        Box(Text("Enregistrements", "Records"), [Text("SQLite, durables avant réponse", "SQLite, durable before the answer")]),
        Box(Text("Segments", "Segments"), [Text("octets chiffrés et scellés", "bytes, encrypted and sealed")]),
        Box(Text("Trousseau", "Keyring"), [Text("clé racine, clés de client, clés de données", "root key, tenant keys, data keys")]),
      ])
  }

  private static func machines(_ inventory: Inventory) -> [Band] {
    guard inventory.hasMachines else { return [] }
    let tenants = Set(inventory.networks.compactMap(\.tenant) + inventory.machines.compactMap(\.tenant))
    return [
      Band(
        Text("Machines et réseaux", "Machines and networks"), link: Text("libvirt, nftables", "libvirt, nftables"),
        [
          Box(
            Text("Machines : \(inventory.machines.count)", "Machines: \(inventory.machines.count)"),
            [Text("QEMU, un processus chacune", "QEMU, a process each")]),
          Box(
            Text("Réseaux virtuels : \(inventory.networks.count)", "Virtual networks: \(inventory.networks.count)"),
            [
              Text("un espace réseau chacun", "a network namespace each"),
              Text("clients présents : \(tenants.count)", "tenants present: \(tenants.count)"),
            ]),
          Box(
            Text("Fichiers de disque : \(inventory.disks.count)", "Disk files: \(inventory.disks.count)"),
            [Text("LUKS, une clé chacun", "LUKS, a key each")]),
          Box(
            Text("Images : \(inventory.images.count)", "Images: \(inventory.images.count)"),
            [Text("catalogue de l'exploitant", "the operator's catalogue")]),
        ])
    ]
  }

  private static func host(_ inventory: Inventory) -> Band {
    let links = inventory.links.filter { $0.name != "lo" && $0.isUp && !$0.addresses.isEmpty }
    return Band(
      Text("Hôte et lieu", "Host and place"),
      [
        Box(same(inventory.host), [inventory.model, inventory.system, "Linux \(inventory.kernel)"].filter { !$0.isEmpty }.map(same)),
        Box(
          Text("Interfaces : \(links.count)", "Interfaces: \(links.count)"),
          shown(links.map { "\($0.name) : \($0.addresses.joined(separator: ", "))" }, most: 3)),
        Box(
          Text("Disques : \(inventory.devices.count)", "Disks: \(inventory.devices.count)"),
          shown(inventory.devices.map { "\($0.name) : \($0.bytes >> 30) GiB \($0.model)" }, most: 3)),
        Box(Text("Lieu", "Place"), shown(inventory.locations, most: 3)),
      ])
  }

  private static func same(_ text: String) -> Text { Text(text, text) }

  private static func shown(_ lines: [String], most: Int) -> [Text] {
    let rest = lines.count - most
    return lines.prefix(most).map(same) + (rest > 0 ? [Text("et \(rest) de plus", "and \(rest) more")] : [])
  }
}
