/// What a log cannot do.
public enum LedgerError: Error, Equatable {
  /// The log is not that long: an index or a size beyond what there is.
  case outOfRange
  /// A record of the log is missing or not what the log's size says.
  case damaged(String)
  /// A signature, a certificate or a note is not what it has to be: why.
  case invalid(String)
}
