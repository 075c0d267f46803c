/// Every register that the operator keeps.
public enum Registers {
  public static let all: [any Register.Type] = [
    ActionPlanRegister.self, AgreementRegister.self, AttestationsRegister.self, AuditRegister.self, AuthorityRequestRegister.self,
    AutonomyRegister.self, BackupRegister.self, BaseRegister.self, CapitalRegister.self, ChangeRegister.self, DecisionRegister.self,
    DeliveryRegister.self, EnvironmentRegister.self, ExerciseRegister.self, ImageRegister.self, IncidentRegister.self,
    IncompatibleRightsRegister.self, PhysicalAccessRegister.self, PlatformRegister.self, RightsReviewsRegister.self, ThirdPartyRegister.self,
    VulnerabilityRegister.self,
  ]

  /// The register of a name; nil where there is none.
  public static func named(_ name: String) -> (any Register.Type)? { all.first { $0.name == name } }
}
