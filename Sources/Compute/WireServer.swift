internal import Base
internal import Wire

/// The wire server at 168.63.129.16: the goal state that a guest's agent reads, and where it reports that it is ready.
///
/// Source: cloud-init `sources/helpers/azure.py` and walinuxagent `protocol/wire.py`: what they ask and what they need of the answers.
enum WireServer {
  static let versions =
    "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<Versions><Preferred><Version>2015-04-05</Version></Preferred>"
    + "<Supported><Version>2015-04-05</Version><Version>2012-11-30</Version></Supported></Versions>"

  static func goalState(_ machine: Machine) -> String {
    """
    <?xml version="1.0" encoding="utf-8"?>
    <GoalState xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><Version>2012-11-30</Version>\
    <Incarnation>\(machine.incarnation)</Incarnation><Machine><ExpectedState>Started</ExpectedState>\
    <StopRolesDeadlineHint>300000</StopRolesDeadlineHint><LBProbePorts><Port>16001</Port></LBProbePorts>\
    <ExpectHealthReport>FALSE</ExpectHealthReport></Machine><Container><ContainerId>\(machine.vmID)</ContainerId>\
    <RoleInstanceList><RoleInstance><InstanceId>\(machine.vmID).\(machine.id.name)</InstanceId><State>Started</State>\
    <Configuration></Configuration></RoleInstance></RoleInstanceList></Container></GoalState>
    """
  }

  /// What a health report says: whether the guest is ready, and the agent's words. Nil for what is no report.
  static func report(_ bytes: [UInt8]) -> (isReady: Bool, text: String)? {
    let text = String(decoding: bytes, as: UTF8.self)
    guard let state = element("State", in: text) else { return nil }
    let description = element("Description", in: text) ?? element("SubStatus", in: text) ?? ""
    return (state == "Ready", state == "Ready" ? "Guest Agent is running" : description)
  }

  private static func element(_ name: String, in text: String) -> String? {
    text.texts(between: "<\(name)>", and: "</\(name)>").first.map { String($0.prefix(1024)) }
  }
}
