internal import Base
public import Wire

/// What a deployment would do to one resource.
///
/// Source: Microsoft, "Deployments - What If", REST reference.
public enum TemplateWhatIf {
  /// Members that the platform sets: their absence from a template says nothing.
  private static let own: Set = [
    "id", "name", "type", "etag", "provisioningstate", "resourceguid", "systemdata", "uniqueid", "timecreated", "creationtime", "vmid", "createdtime",
    "changedtime", "apiversion",
  ]

  /// The change of a resource from what is there (nil: nothing) to what the template says (nil: it is not in it, and goes).
  public static func change(_ id: ResourceID, before: JSON?, after: JSON?) -> JSON {
    var result = JSON.Object([("resourceId", .string(id.description))])
    switch (before, after) {
    case (nil, let after?):
      result["changeType"] = "Create"
      result["after"] = after
    case (let before?, nil):
      result["changeType"] = "Delete"
      result["before"] = before
    case (let before?, let after?):
      let delta = differences(before, after)
      result["changeType"] = delta.isEmpty ? "NoChange" : "Modify"
      result["before"] = before
      result["after"] = after
      if !delta.isEmpty { result["delta"] = .array(delta) }
    case (nil, nil): result["changeType"] = "Ignore"
    }
    return .object(result)
  }

  /// A resource that a deployment leaves alone.
  public static func ignored(_ id: ResourceID, _ before: JSON) -> JSON {
    ["resourceId": .string(id.description), "changeType": "Ignore", "before": before, "after": before]
  }

  private static func differences(_ before: JSON, _ after: JSON) -> [JSON] {
    guard case .object(let old) = before, case .object(let new) = after else { return [] }
    var result: [JSON] = []
    for (name, value) in new.members where !own.contains(name.lowercased()) {
      let present = old.member(ignoringCase: name)
      guard let present, !present.isNull else {
        if !value.isNull { result.append(change(name, "Create", nil, value)) }
        continue
      }
      if value.isNull || value == present { continue }
      switch (present, value) {
      case (.object, .object):
        let children = differences(present, value)
        if !children.isEmpty { result.append(change(name, "Modify", nil, nil, children: children)) }
      case (.array(let left), .array(let right)):
        let children = arrayDifferences(left, right)
        if !children.isEmpty { result.append(change(name, "Array", nil, nil, children: children)) }
      case (.string(let left), .string(let right)) where left.lowercased() == right.lowercased() && (name == "location" || left.hasPrefix("/")):
        continue
      default: result.append(change(name, "Modify", present, value))
      }
    }
    // Of what the template does not speak only tags are taken away.
    if let oldTags = old.member(ignoringCase: "tags"), new.member(ignoringCase: "tags") == nil, oldTags.object?.isEmpty == false,
      new.member(ignoringCase: "properties") != nil
    {
      result.append(change("tags", "Delete", oldTags, nil))
    }
    return result
  }

  private static func arrayDifferences(_ before: [JSON], _ after: [JSON]) -> [JSON] {
    var result: [JSON] = []
    for (index, item) in after.enumerated() {
      let counterpart =
        before.first { $0 == item } ?? item["name"].flatMap { name in before.first { $0["name"] == name } }
        ?? (index < before.count && item["name"] == nil ? before[index] : nil)
      guard let counterpart else {
        result.append(change(String(index), "Create", nil, item))
        continue
      }
      if counterpart == item { continue }
      if counterpart.object != nil, item.object != nil {
        let children = differences(counterpart, item)
        if !children.isEmpty { result.append(change(String(index), "Modify", nil, nil, children: children)) }
      } else {
        result.append(change(String(index), "Modify", counterpart, item))
      }
    }
    if before.count > after.count {
      for index in after.count..<before.count where !after.contains(before[index]) {
        result.append(change(String(index), "Delete", before[index], nil))
      }
    }
    return result
  }

  private static func change(_ path: String, _ type: String, _ before: JSON?, _ after: JSON?, children: [JSON]? = nil) -> JSON {
    .object([
      "path": .string(path), "propertyChangeType": .string(type), "before": before, "after": after, "children": children.map { .array($0) },
    ])
  }
}
