internal import Base
internal import FoundationEssentials
internal import Hypervisor
internal import Wire

#if canImport(Glibc)
  internal import Glibc
#endif

/// What the doctor looks at on this machine.
struct Examination {
  /// Below this much free space, the segments of a first 1 GiB upload and its overwrite no longer fit.
  private static let minimumFreeBytes = 5 << 30
  /// Connections, segments and database files together.
  private static let minimumOpenFiles: UInt64 = 8192

  let directory: DataDirectory
  let domain: String
  let isRunning: Bool

  func findings() -> [Finding] {
    [nameResolution(), port(), loopback6(), freeSpace(), openFiles(), rootKey(), azureCLI(), hypervisor(), accelerator(), overcommit()]
  }

  private func nameResolution() -> Finding {
    let name = "probe.blob.core.\(domain)"
    var result: UnsafeMutablePointer<addrinfo>?
    let found = getaddrinfo(name, "443", nil, &result) == 0
    if let result { freeaddrinfo(result) }
    return Finding(
      state: found ? .sound : .broken, french: "Les noms sous *.\(domain) \(found ? "se résolvent" : "ne se résolvent pas").",
      english: "Names below *.\(domain) \(found ? "resolve" : "do not resolve").", remedy: "apt-get install libnss-myhostname")
  }

  private func port() -> Finding {
    if isRunning { return Finding(state: .sound, french: "Le nuage tourne.", english: "The cloud is running.") }
    let code = Listening.probe(address: "127.0.0.1", port: Listening.standardPort)
    switch code {
    case 0: return Finding(state: .sound, french: "Le port 443 est libre.", english: "Port 443 is free.")
    case EADDRINUSE:
      return Finding(
        state: .limited, french: "Un autre programme occupe le port 443 ; la connexion par mot de passe de MSAL n'en connaît pas d'autre.",
        english: "Another program holds port 443; MSAL's password login knows no other.",
        remedy: "ss -ltnp 'sport = :443'")
    default:
      return Finding(
        state: .limited, french: "Le port 443 est interdit à cet utilisateur ; la connexion par mot de passe de MSAL n'en connaît pas d'autre.",
        english: "This user may not bind port 443; MSAL's password login knows no other.",
        remedy: "sysctl -w net.ipv4.ip_unprivileged_port_start=443")
    }
  }

  private func loopback6() -> Finding {
    let code = Listening.probe(address: "::1", port: 0)
    return Finding(
      state: code == 0 ? .sound : .limited,
      french: code == 0 ? "La boucle locale IPv6 répond." : "Pas de boucle locale IPv6 : seul 127.0.0.1 servira.",
      english: code == 0 ? "The IPv6 loopback works." : "There is no IPv6 loopback: only 127.0.0.1 will serve.",
      remedy: "sysctl -w net.ipv6.conf.lo.disable_ipv6=0")
  }

  private func freeSpace() -> Finding {
    let free = DiskSpace.freeBytes(at: directory.path)
    let gibibytes = free >> 30
    return Finding(
      state: free >= Self.minimumFreeBytes ? .sound : .limited, french: "\(gibibytes) Gio libres pour les données.",
      english: "\(gibibytes) GiB are free for data.", remedy: "cocagne up --data DIR")
  }

  private func openFiles() -> Finding {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    let isEnough = limit.rlim_max >= Self.minimumOpenFiles
    return Finding(
      state: isEnough ? .sound : .limited, french: "Jusqu'à \(limit.rlim_max) fichiers ouverts.", english: "Up to \(limit.rlim_max) open files.",
      remedy: "ulimit -Hn \(Self.minimumOpenFiles)")
  }

  private func rootKey() -> Finding {
    var status = stat()
    if stat(directory.moduleRootKey, &status) == 0 {
      return Finding(state: .sound, french: "La clé racine est dans un HSM.", english: "The root key is in an HSM.")
    }
    guard stat(directory.rootKey, &status) == 0 else {
      return Finding(
        state: .sound, french: "Pas encore de clé racine : « cocagne up » la crée.", english: "No root key yet: “cocagne up” makes it.")
    }
    let isPrivate = status.st_mode & 0o077 == 0
    return Finding(
      state: isPrivate ? .sound : .broken,
      french: isPrivate ? "La clé racine n'est lisible que de son propriétaire." : "La clé racine est lisible par d'autres.",
      english: isPrivate ? "The root key is readable by its owner only." : "Others can read the root key.", remedy: "chmod 600 \(directory.rootKey)")
  }

  private func azureCLI() -> Finding {
    let folders = (getenv("PATH").map { String(cString: $0) } ?? "").split(separator: ":")
    let isThere = folders.contains { access("\($0)/az", X_OK) == 0 }
    return Finding(
      state: isThere ? .sound : .limited, french: isThere ? "La commande az est là." : "La commande az n'est pas dans le PATH.",
      english: isThere ? "The az command is there." : "The az command is not in the PATH.",
      remedy: "python3 -m venv az && az/bin/pip install azure-cli==2.91.0")
  }

  private func hypervisor() -> Finding {
    let isThere = access("/usr/sbin/libvirtd", X_OK) == 0 && access("/usr/bin/qemu-system-x86_64", X_OK) == 0
    let mayRun = geteuid() == 0
    let state: Finding.State = isThere && mayRun ? .sound : .limited
    return Finding(
      state: state,
      french: state == .sound
        ? "libvirt et QEMU sont là : ce compte peut faire tourner des machines." : "Pas de machines virtuelles : il faut libvirt, QEMU et être root.",
      english: state == .sound
        ? "libvirt and QEMU are there: this user can run machines." : "No virtual machines: they take libvirt, QEMU and root.",
      remedy: isThere ? "sudo make up" : "apt-get install libvirt-daemon-system libvirt-daemon-driver-qemu qemu-system-x86 qemu-utils")
  }

  private func accelerator() -> Finding {
    let isFast = LibvirtHypervisor.usableAccelerator() == .kvm
    return Finding(
      state: isFast ? .sound : .limited,
      french: isFast
        ? "Les machines tournent sous KVM." : "Pas de KVM : les machines sont émulées (TCG), justes mais des dizaines de fois plus lentes.",
      english: isFast ? "Machines run under KVM." : "No KVM: machines are emulated (TCG), right but tens of times slower.",
      remedy: "modprobe kvm_intel || modprobe kvm_amd")
  }

  private func overcommit() -> Finding {
    guard let bytes = try? DataDirectory.read(directory.machineSettings), let ratio = (try? JSON(parsing: bytes))?["memoryOvercommit"]?.number else {
      return Finding(
        state: .sound, french: "La mémoire des machines n'est pas encore réglée : le premier démarrage écrit machines.json.",
        english: "The machines' memory is not settled yet: the first start writes machines.json.")
    }
    return Finding(
      state: .sound, french: "Mémoire promise aux machines : jusqu'à \(ratio) fois celle de l'hôte (machines.json).",
      english: "Memory promised to machines: up to \(ratio) times the host's (machines.json).")
  }
}
