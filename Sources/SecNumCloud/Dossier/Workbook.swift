/// A workbook of one sheet, as spreadsheets open it: a heading that stays in sight, filters, and a colour for each style. Source: ECMA-376, part 1.
struct Workbook {
  enum Style: Int, CaseIterable {
    case text, heading, good, bad, open, void

    fileprivate var fill: String? {
      switch self {
      case .text: nil
      case .heading: "FF14274E"
      case .good: "FFD8EFE0"
      case .bad: "FFF9D9D6"
      case .open: "FFECEEF1"
      case .void: "FFF7F7F8"
      }
    }
  }

  struct Cell {
    var text: String
    var style: Style

    init(_ text: String, _ style: Style = .text) {
      self.text = text
      self.style = style
    }
  }

  var sheet: String
  /// Widths of the columns, in characters.
  var widths: [Int]
  /// The first is the heading.
  var rows: [[Cell]]

  /// A cell holds no more. Source: Microsoft, "Excel specifications and limits".
  static let maximumCellCharacters = 32_767

  var bytes: [UInt8] {
    var archive = ZIPArchive()
    for (name, text) in parts { archive.add(name, Array((Self.declaration + text).utf8)) }
    return archive.bytes
  }

  private static let declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"
  private static let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
  private static let relationships = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
  private static let package = "http://schemas.openxmlformats.org/package/2006"

  private var parts: [(name: String, text: String)] {
    let content = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    return [
      (
        "[Content_Types].xml",
        """
        <Types xmlns="\(Self.package)/content-types">\
        <Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>\
        <Default Extension="xml" ContentType="application/xml"/>\
        <Override PartName="/xl/workbook.xml" ContentType="\(content).sheet.main+xml"/>\
        <Override PartName="/xl/worksheets/sheet1.xml" ContentType="\(content).worksheet+xml"/>\
        <Override PartName="/xl/styles.xml" ContentType="\(content).styles+xml"/></Types>
        """
      ),
      (
        "_rels/.rels",
        """
        <Relationships xmlns="\(Self.package)/relationships">\
        <Relationship Id="rId1" Type="\(Self.relationships)/officeDocument" Target="xl/workbook.xml"/></Relationships>
        """
      ),
      (
        "xl/workbook.xml",
        """
        <workbook xmlns="\(Self.main)" xmlns:r="\(Self.relationships)"><sheets>\
        <sheet name="\(sheet.xmlEscaped)" sheetId="1" r:id="rId1"/></sheets>\
        <definedNames><definedName name="_xlnm._FilterDatabase" localSheetId="0" hidden="1">'\(sheet.xmlEscaped)'!\(range(absolute: true))</definedName>\
        <definedName name="_xlnm.Print_Titles" localSheetId="0">'\(sheet.xmlEscaped)'!$1:$1</definedName></definedNames></workbook>
        """
      ),
      (
        "xl/_rels/workbook.xml.rels",
        """
        <Relationships xmlns="\(Self.package)/relationships">\
        <Relationship Id="rId1" Type="\(Self.relationships)/worksheet" Target="worksheets/sheet1.xml"/>\
        <Relationship Id="rId2" Type="\(Self.relationships)/styles" Target="styles.xml"/></Relationships>
        """
      ),
      ("xl/styles.xml", styles), ("xl/worksheets/sheet1.xml", worksheet),
    ]
  }

  private var styles: String {
    let filled = Style.allCases.compactMap(\.fill)
    let fills = filled.map { "<fill><patternFill patternType=\"solid\"><fgColor rgb=\"\($0)\"/><bgColor indexed=\"64\"/></patternFill></fill>" }
      .joined()
    let formats = Style.allCases.map { style in
      let fill = style.fill.flatMap { filled.firstIndex(of: $0) }.map { $0 + 2 } ?? 0
      return """
        <xf numFmtId="49" fontId="\(style == .heading ? 1 : 0)" fillId="\(fill)" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1" applyFill="1" \
        applyAlignment="1"><alignment vertical="top" wrapText="1"/></xf>
        """
    }.joined()
    return """
      <styleSheet xmlns="\(Self.main)"><fonts count="2"><font><sz val="10"/><name val="Calibri"/></font>\
      <font><b/><sz val="10"/><color rgb="FFFFFFFF"/><name val="Calibri"/></font></fonts>\
      <fills count="\(filled.count + 2)"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>\(fills)</fills>\
      <borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>\
      <cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>\
      <cellXfs count="\(Style.allCases.count)">\(formats)</cellXfs>\
      <cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>
      """
  }

  private var worksheet: String {
    let columns = widths.enumerated().map { "<col min=\"\($0 + 1)\" max=\"\($0 + 1)\" width=\"\($1)\" customWidth=\"1\"/>" }.joined()
    let data = rows.enumerated().map { index, row in
      let cells = row.enumerated().map { column, cell in
        """
        <c r="\(Self.letters(column))\(index + 1)" s="\(cell.style.rawValue)" t="inlineStr"><is><t xml:space="preserve">\
        \(String(cell.text.prefix(Self.maximumCellCharacters)).xmlEscaped)</t></is></c>
        """
      }.joined()
      return "<row r=\"\(index + 1)\">\(cells)</row>"
    }.joined()
    return """
      <worksheet xmlns="\(Self.main)"><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr><dimension ref="\(range(absolute: false))"/>\
      <sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>\
      <cols>\(columns)</cols><sheetData>\(data)</sheetData><autoFilter ref="\(range(absolute: false))"/>\
      <pageMargins left="0.4" right="0.4" top="0.5" bottom="0.5" header="0.3" footer="0.3"/>\
      <pageSetup paperSize="9" orientation="landscape" fitToHeight="0"/></worksheet>
      """
  }

  private func range(absolute: Bool) -> String {
    let mark = absolute ? "$" : ""
    return "\(mark)A\(mark)1:\(mark)\(Self.letters(max(widths.count, 1) - 1))\(mark)\(max(rows.count, 1))"
  }

  /// `A` for 0, `AA` for 26.
  private static func letters(_ column: Int) -> String {
    let last = String(UnicodeScalar(UInt8(ascii: "A") + UInt8(column % 26)))
    return column < 26 ? last : letters(column / 26 - 1) + last
  }
}

extension String {
  /// For text and attributes of XML 1.0; characters that it cannot hold are left out.
  var xmlEscaped: String {
    var escaped = ""
    escaped.reserveCapacity(utf8.count)
    for scalar in unicodeScalars {
      switch scalar {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "\t", "\n", "\r": escaped.unicodeScalars.append(scalar)
      case _ where scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF: break
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}
