/// A picture of the service as bands of boxes, one above the other, from its clients down to its place: SVG without anything from outside.
public struct ArchitecturePicture: Sendable, Hashable {
  public struct Box: Sendable, Hashable {
    public var title: Text
    public var lines: [Text]

    public init(_ title: Text, _ lines: [Text]) {
      self.title = title
      self.lines = lines
    }
  }

  public struct Band: Sendable, Hashable {
    public var title: Text
    /// What passes from the band above; nil where nothing is to be said of it.
    public var link: Text?
    public var boxes: [Box]

    public init(_ title: Text, link: Text? = nil, _ boxes: [Box]) {
      self.title = title
      self.link = link
      self.boxes = boxes
    }
  }

  public var bands: [Band]

  public init(bands: [Band]) { self.bands = bands }

  private enum Measure {
    static let width = 1000
    static let label = 150
    static let margin = 14
    static let gap = 12
    static let heading = 30
    static let line = 17
    static let link = 30
    /// Of a letter in the text of boxes, on average.
    static let letter = 5.8
    static let boxesPerRow = 4
  }

  private enum Colour {
    static let ink = "#14274e"
    static let grey = "#4a5468"
  }

  /// With `standalone` as a file of its own, without as a part of an HTML page.
  func svg(english: Bool, standalone: Bool = true) -> String {
    var y = 0
    var parts: [String] = []
    for (index, band) in bands.enumerated() {
      if index > 0 {
        parts.append(arrow(band.link, y: y, english: english))
        y += Measure.link
      }
      let (drawn, height) = draw(band, y: y, tint: Self.tints[index % Self.tints.count], english: english)
      parts.append(drawn)
      y += height
    }
    let space = standalone ? " xmlns=\"http://www.w3.org/2000/svg\"" : ""
    return """
      <svg\(space) viewBox="0 0 \(Measure.width) \(y)" width="100%" role="img" font-family="Inter, 'DejaVu Sans', sans-serif">\(parts.joined())</svg>

      """
  }

  private static let tints = ["#eef3fb", "#e6edf8", "#eef6f1", "#f6f3ea", "#f3eef7", "#f0f1f3"]

  private func draw(_ band: Band, y: Int, tint: String, english: Bool) -> (String, Int) {
    let rows = stride(from: 0, to: band.boxes.count, by: Measure.boxesPerRow).map {
      Array(band.boxes[$0..<min($0 + Measure.boxesPerRow, band.boxes.count)])
    }
    var inner = y + Measure.margin
    var parts: [String] = []
    for row in rows {
      let height = Measure.heading + (row.map(\.lines.count).max() ?? 0) * Measure.line + Measure.margin / 2
      let space = Measure.width - Measure.label - Measure.margin
      let width = (space - Measure.gap * (row.count - 1)) / max(row.count, 1)
      for (column, box) in row.enumerated() {
        parts.append(draw(box, x: Measure.label + column * (width + Measure.gap), y: inner, width: width, height: height, english: english))
      }
      inner += height + Measure.gap
    }
    let height = max(inner - Measure.gap + Measure.margin - y, 2 * Measure.margin + Measure.line)
    let words = Self.wrapped(band.title(english: english), limit: (Measure.label - 2 * Measure.margin) / 8)
    let label = words.enumerated().map { index, line in
      text(line, x: Measure.margin, y: y + height / 2 + 5 + index * 16 - (words.count - 1) * 8, size: 13, weight: 700, colour: Colour.ink)
    }.joined()
    return ("<rect x=\"0\" y=\"\(y)\" width=\"\(Measure.width)\" height=\"\(height)\" rx=\"10\" fill=\"\(tint)\"/>\(label)\(parts.joined())", height)
  }

  private func draw(_ box: Box, x: Int, y: Int, width: Int, height: Int, english: Bool) -> String {
    let limit = Int(Double(width - 24) / Measure.letter)
    let lines = box.lines.enumerated().map { index, line in
      text(Self.cut(line(english: english), limit), x: x + 12, y: y + 22 + (index + 1) * Measure.line, size: 11.5, colour: Colour.grey)
    }.joined()
    let title = text(Self.cut(box.title(english: english), limit - 3), x: x + 12, y: y + 21, size: 13, weight: 600, colour: Colour.ink)
    return """
      <rect x="\(x)" y="\(y)" width="\(width)" height="\(height)" rx="7" fill="#ffffff" stroke="#b9c4d8"/>\(title)\(lines)
      """
  }

  private func arrow(_ link: Text?, y: Int, english: Bool) -> String {
    let x = (Measure.label + Measure.width) / 2
    let words = link.map { text($0(english: english), x: x + 14, y: y + 19, size: 11, colour: Colour.grey) } ?? ""
    let path = "M\(x) \(y + 5)V\(y + 23)M\(x - 5) \(y + 18)L\(x) \(y + 24)L\(x + 5) \(y + 18)"
    return "<path d=\"\(path)\" stroke=\"\(Colour.grey)\" stroke-width=\"1.5\" fill=\"none\"/>\(words)"
  }

  private func text(_ text: String, x: Int, y: Int, size: Double, weight: Int = 400, colour: String) -> String {
    "<text x=\"\(x)\" y=\"\(y)\" font-size=\"\(size)\" font-weight=\"\(weight)\" fill=\"\(colour)\">\(text.xmlEscaped)</text>"
  }

  private static func cut(_ text: String, _ limit: Int) -> String { text.count <= limit ? text : text.prefix(max(limit - 1, 1)) + "…" }

  private static func wrapped(_ text: String, limit: Int) -> [String] {
    var lines: [String] = []
    for word in text.split(separator: " ") {
      if let last = lines.last, last.count + word.count + 1 <= limit {
        lines[lines.count - 1] = "\(last) \(word)"
      } else {
        lines.append(String(word))
      }
    }
    return lines
  }
}
