/// The bounds of the directory's API. Where Graph has one, it is Graph's.
enum DirectoryLimits {
  /// Bytes of a request's body.
  static let maximumBodyBytes = 1 << 20
  /// Objects and arrays within one another in a body.
  static let maximumBodyDepth = 16
  /// Objects on one page, and how many when the client asks for no number.
  static let maximumPageSize = 999
  static let defaultPageSize = 100
  /// Objects that one request looks through. A page that reaches it ends early, with a link to the rest.
  static let maximumScannedObjects = 5000
  /// Objects that can be put in an order other than that of their ids.
  static let maximumSortedObjects = 5000
  /// Ids in one `getByIds`.
  static let maximumIDs = 1000
  /// Ids in one `checkMemberGroups`.
  static let maximumCheckedGroups = 20
  /// References in one `members@odata.bind`.
  static let maximumBoundReferences = 20
  /// Characters of a text property.
  static let maximumTextCharacters = 1024
  /// Characters of a display name.
  static let maximumDisplayNameCharacters = 256
  /// Bytes of the properties of one object that the platform only keeps.
  static let maximumKeptBytes = 256 << 10
  /// Owners of one group or application.
  static let maximumOwners = 100
  /// Groups and applications that one principal owns.
  static let maximumOwnedObjects = 1000
}
