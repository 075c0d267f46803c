internal import ArgumentParser
internal import Wire

/// `cocagne operator roles PERSON --role ROLE`
struct OperatorRoles: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "roles", abstract: "Remplace les rôles d'un opérateur. — Replaces an operator's roles.")

  @OptionGroup var data: DataOptions
  @OptionGroup var person: PersonArgument

  @Option(help: "Un rôle ; peut se répéter. — A role; may be repeated.")
  var role: [String]

  @OptionGroup var json: JSONOption

  func run() throws {
    let changed = try data.ask("operator roles", ["person": .string(person.person), "roles": try OperatorCommand.roles(role)])
    print(json.isWanted ? changed.text : OperatorCommand.line(changed))
  }
}

/// `cocagne operator disable PERSON`
struct OperatorDisable: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "disable", abstract: "Suspend un opérateur : ses jetons ne valent plus rien. — Disables an operator: tokens end at once.")

  @OptionGroup var data: DataOptions
  @OptionGroup var person: PersonArgument
  @OptionGroup var json: JSONOption

  func run() throws {
    let changed = try data.ask("operator disable", ["person": .string(person.person)])
    print(json.isWanted ? changed.text : OperatorCommand.line(changed))
  }
}

/// `cocagne operator enable PERSON`
struct OperatorEnable: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "enable", abstract: "Rétablit un opérateur suspendu. — Enables a disabled operator.")

  @OptionGroup var data: DataOptions
  @OptionGroup var person: PersonArgument
  @OptionGroup var json: JSONOption

  func run() throws {
    let changed = try data.ask("operator enable", ["person": .string(person.person)])
    print(json.isWanted ? changed.text : OperatorCommand.line(changed))
  }
}

/// `cocagne operator remove PERSON`
struct OperatorRemove: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "remove", abstract: "Raye un opérateur : ses jetons ne valent plus rien. — Removes an operator: tokens end at once.")

  @OptionGroup var data: DataOptions
  @OptionGroup var person: PersonArgument
  @OptionGroup var json: JSONOption

  func run() throws {
    let removed = try data.ask("operator remove", ["person": .string(person.person)])
    if json.isWanted { return print(removed.text) }
    Bilingual.say("Opérateur rayé : \(removed["name"]?.string ?? "").", "Operator removed: \(removed["name"]?.string ?? "").")
  }
}
