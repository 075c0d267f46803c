internal import Base
internal import Catalogue
internal import Declarations
internal import Records
internal import Wire

/// Deliveries: what runs is what passed preproduction, what ran is still kept, and each was tested as it was made.
package struct ControlCHG02: ControlObservation {
  package let control = "CTL-CHG-02"
  package let test = "CTL-CHG-02Tests: an executable that passed no preproduction is a gap"

  package init() {}

  package func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    let subject = Text(
      "le registre « \(DeliveryRegister.name) », l'empreinte de chaque exécutable qui a tourné, les archives",
      "the register “\(DeliveryRegister.name)”, the digest of each executable that ran, the archives")
    guard let register = try await platform.documents.register(DeliveryRegister.self) else {
      return [.unfiled(DeliveryRegister.self, ["14.2.b", "14.2.c", "14.3.a", "14.6.a"], subject: subject)]
    }
    let starts = try await platform.records.read { try PlatformStart.all(in: $0) }
    let look = Look(register: register, starts: starts, subject: subject)
    let findings = [look.preproduction, try look.archives(platform.host), look.kernels, look.trials]
    guard try !PlatformStart.isNoted(platform, among: starts) else { return findings }
    return findings + [PlatformStart.unnoted(["14.2.b", "14.2.c", "14.3.a", "14.6.a"], subject: subject)]
  }

  private struct Look {
    let register: FiledRegister<DeliveryRegister>
    let starts: [PlatformStart]
    let subject: Text

    private let nothing = Text("aucun démarrage n'a été noté.", "no start was noted.")
    /// Archives that are read through each time, the latest first.
    private static let maximumArchives = 3

    init(register: FiledRegister<DeliveryRegister>, starts: [PlatformStart], subject: Text) {
      self.register = register
      self.starts = starts
      self.subject = subject
    }

    private var figures: [Finding.Figure] {
      [
        .init(
          "livraisons",
          "deliveries", register.value.deliveries.count), .init("exécutables qui ont tourné", "executables that ran", digests.count),
      ]
    }
    private var evidence: JSON { ["register": register.evidence, "starts": .array(starts.suffix(200).map(\.json))] }

    /// Each once, with its first start.
    private var digests: [PlatformStart] {
      var seen: Set<String> = []
      return starts.filter { seen.insert($0.digest).inserted }
    }

    private func finding(_ item: ItemID, looked: Int, _ gaps: [Text], _ more: [Finding.Figure] = []) -> Finding {
      Finding([item], subject: subject, looked: looked, gaps: gaps, nothing: nothing, figures: figures + more, evidence: evidence)
    }

    private func undelivered(_ start: PlatformStart) -> Text {
      Text(
        "l'exécutable \(start.digest.prefix(12))… (\(start.version)) a tourné et n'est pas au registre des livraisons.",
        "the executable \(start.digest.prefix(12))… (\(start.version)) ran and is not in the register of deliveries.")
    }

    /// Every executable that ran had passed preproduction before.
    var preproduction: Finding {
      let gaps = digests.compactMap { start -> Text? in
        guard let delivery = register.value.delivery(of: start.digest) else { return undelivered(start) }
        guard delivery.outcome == .passed else {
          return Text("\(delivery.version) a échoué en préproduction et a tourné.", "\(delivery.version) failed in preproduction and ran.")
        }
        guard CalendarDate(start.first) < max(delivery.until, delivery.production) else { return nil }
        return Text(
          "\(delivery.version) a tourné le \(CalendarDate(start.first)), avant la fin de la préproduction ou la date de mise en production.",
          "\(delivery.version) ran on \(CalendarDate(start.first)), before the end of preproduction or its day of production.")
      }
      return finding("14.2.b", looked: digests.count, gaps)
    }

    /// Every executable that ran is still kept, as it was.
    func archives(_ host: any HostView) throws -> Finding {
      var gaps: [Text] = []
      var verified = 0
      for (place, start) in digests.reversed().enumerated() {
        guard let delivery = register.value.delivery(of: start.digest) else {
          gaps.append(undelivered(start))
          continue
        }
        guard let attributes = try host.attributes(of: delivery.archive), !attributes.isFolder else {
          gaps.append(
            Text("l'archive \(delivery.archive) n'est pas là.", "the archive \(delivery.archive) is not there."))
          continue
        }
        guard place < Self.maximumArchives else { continue }
        verified += 1
        if try host.sha256(of: delivery.archive) != start.digest {
          gaps.append(
            Text(
              "l'archive \(delivery.archive) n'a pas l'empreinte de la version \(delivery.version).",
              "the archive \(delivery.archive) has not the digest of the version \(delivery.version)."))
        }
      }
      return finding("14.2.c", looked: digests.count, gaps, [.init("archives relues", "archives read through", verified)])
    }

    /// Every kernel that production had was tested before.
    var kernels: Finding {
      var first: [String: Timestamp] = [:]
      for start in starts { first[start.kernel] = min(first[start.kernel] ?? start.first, start.first) }
      let gaps = first.sorted { $0.key < $1.key }.compactMap { kernel, time -> Text? in
        let tests = register.value.platformTests.filter { $0.kernel == kernel }
        guard tests.contains(where: { $0.outcome == .passed && $0.day <= CalendarDate(time) }) else {
          return Text(
            "aucun essai réussi sur le noyau \(kernel) avant sa mise en production, le \(CalendarDate(time)).",
            "no test passed on the kernel \(kernel) before production had it on \(CalendarDate(time)).")
        }
        return nil
      }
      return finding("14.3.a", looked: first.count, gaps, [.init("noyaux", "kernels", first.count)])
    }

    /// The executable that runs was tested for conformity and for security, and passed.
    var trials: Finding {
      guard let current = starts.max(by: { $0.latest < $1.latest }) else { return finding("14.6.a", looked: 0, []) }
      guard let delivery = register.value.delivery(of: current.digest) else { return finding("14.6.a", looked: 1, [undelivered(current)]) }
      var gaps = delivery.trials.filter { $0.outcome == .failed }.map {
        Text("un essai de \($0.nature.rawValue) de \(delivery.version) a échoué.", "a test of \($0.nature.rawValue) of \(delivery.version) failed.")
      }
      for nature in DeliveryRegister.Trial.Nature.allCases where !delivery.trials.contains(where: { $0.nature == nature }) {
        gaps.append(
          Text("\(delivery.version) n'a aucun essai de \(nature.rawValue).", "\(delivery.version) has no test of \(nature.rawValue)."))
      }
      return finding("14.6.a", looked: 1, gaps, [.init("essais", "tests", delivery.trials.count)])
    }
  }
}
