internal import Base
public import Wire

/// Expressions inside of policy rules: the template language with the assignment's parameters alone.
///
/// Source: Microsoft, "Azure Policy definition structure: policy functions".
public enum PolicyExpressions {
  /// A value of a rule with its expressions evaluated. `parameters` are by name in lower case.
  public static func value(_ json: JSON, parameters: [String: JSON], scope: TemplateScope) throws -> JSON {
    let template = try DeploymentTemplate(parsing: ["contentVersion": "1.0.0.0", "resources": []])
    return try TemplateEvaluator(template, parameters: parameters, scope: scope).value(json)
  }
}
