/// What tests vary.
package struct SQLiteOptions: Sendable {
  /// Pages (4 KiB) by which the write-ahead log grows before it is written back into the main file, which readers in its way may delay.
  package var checkpointPages = 1000
  /// Pages of the write-ahead log at which commits wait until readers let it begin anew.
  package var maximumLogPages = 16_384

  package init() {}
}
