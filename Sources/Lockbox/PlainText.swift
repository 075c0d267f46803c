extension String {
  /// Whether it holds what would do something to the terminal that shows it, or turn its text around.
  var hasControls: Bool {
    unicodeScalars.contains { $0.properties.generalCategory == .control || $0.properties.isBidiControl }
  }
}
