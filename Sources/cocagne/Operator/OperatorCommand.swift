internal import ArgumentParser
internal import Base
internal import Operators
internal import Wire

/// `cocagne operator …`
struct OperatorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "operator",
    abstract: "Les opérateurs : des personnes nommées, chacune avec son certificat. — The operators: named persons, each with a certificate.",
    subcommands: [
      OperatorAdd.self, OperatorList.self, OperatorShow.self, OperatorRoles.self, OperatorRenew.self, OperatorDisable.self, OperatorEnable.self,
      OperatorRemove.self, OperatorAuthorityCertificate.self, OperatorRouteList.self,
    ])

  /// One operator, in a line.
  static func line(_ person: JSON) -> String {
    let roles = (person["roles"]?.array ?? []).compactMap(\.string).joined(separator: ",")
    let state = person["disabled"] == nil ? "" : "  suspendu — disabled"
    return "\(person["id"]?.string ?? "")  \(person["name"]?.string ?? "")  <\(person["email"]?.string ?? "")>  \(roles)\(state)"
  }

  /// The roles of a command line: each given by itself, or several with commas between them.
  static func roles(_ texts: [String]) throws -> JSON {
    let names = texts.flatMap { $0.split(separator: ",").map(String.init) }
    for name in names where OperatorRole(rawValue: name) == nil {
      let known = OperatorRole.allCases.map(\.rawValue).joined(separator: ", ")
      throw OperatorError("« \(name) » n'est pas un rôle : \(known).", "“\(name)” is no role: \(known).")
    }
    return .array(names.map { .string($0) })
  }

  /// The text of a request for a certificate.
  static func request(_ path: String) throws -> JSON {
    guard let bytes = try DataDirectory.read(path) else {
      throw OperatorError("Le fichier \(path) n'existe pas.", "There is no file \(path).")
    }
    guard bytes.count <= OperatorLimits.maximumRequestBytes, let text = String(validating: bytes, as: UTF8.self) else {
      throw OperatorError("\(path) n'est pas une demande PKCS#10 en PEM.", "\(path) is no PKCS#10 request in PEM.")
    }
    return .string(text)
  }

  /// Writes a certificate where it is wanted, or prints it.
  static func give(_ certificate: String, to path: String?) throws {
    guard let path else { return print(certificate) }
    try DataDirectory.write(certificate.utf8 + [UInt8(ascii: "\n")], to: DataDirectory(path: path).path, mode: 0o644)
    Bilingual.say("Certificat écrit dans \(path).", "Certificate written to \(path).")
  }
}

/// `--json`, of commands that print what they were told.
struct JSONOption: ParsableArguments {
  @Flag(name: .customLong("json"), help: "En JSON. — As JSON.")
  var isWanted = false
}

/// Whom a command is about.
struct PersonArgument: ParsableArguments {
  @Argument(help: "L'adresse électronique ou l'identifiant. — The e-mail address or the id.")
  var person: String
}

/// A new certificate: what for, how long, where to.
struct CertificateOptions: ParsableArguments {
  @Option(
    help: "La demande PKCS#10 (PEM) de la personne, dont la clé privée reste chez elle. — The person's PKCS#10 request; the private key stays there.")
  var request: String

  @Option(help: "Durée du certificat en jours, 365 au plus. — Life of the certificate in days, 365 at most.")
  var days = OperatorLimits.certificateDays.upperBound

  @Option(help: "Où écrire le certificat ; sinon il est affiché. — Where to write the certificate; else it is printed.")
  var certificate: String?

  func arguments() throws -> [(name: String, value: JSON)] {
    [("request", try OperatorCommand.request(request)), ("days", .integer(Int64(clamping: days)))]
  }
}
