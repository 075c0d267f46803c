import Base
import Testing
import Wire

@Suite struct XMLTests {
  private func parse(_ text: String, _ limits: XMLLimits = XMLLimits()) throws(XMLError) -> XMLElement {
    try XMLElement(parsing: Array(text.utf8), limits: limits)
  }

  @Test func aDocumentIsReadWithItsAttributesReferencesAndSections() throws {
    let root = try parse(
      "\u{FEFF}<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<!-- list --><List a='1' b=\"x &amp; y\">"
        + "<Item>caf&#xE9; &lt;&#65;&gt;</Item><Item><![CDATA[<raw> & ]]>\r\nend</Item><Empty/></List>\n")
    #expect(root.name == "List")
    #expect(root.attributes.map(\.value) == ["1", "x & y"])
    #expect(root.children.map(\.name) == ["Item", "Item", "Empty"])
    #expect(root.children[0].text == "café <A>")
    #expect(root.children[1].text == "<raw> & \nend")
    #expect(root.child("Empty")?.text == "")
    #expect(XMLElement(name: "a", text: " \n x y\t").trimmedText == "x y")
  }

  @Test(arguments: [
    ("", XMLError.Reason.unexpectedEnd),
    ("text", .unexpectedCharacter),
    ("<a>", .unexpectedEnd),
    ("<a></b>", .mismatchedTag),
    ("<a/><b/>", .unexpectedCharacter),
    ("<a x='1' x='2'/>", .duplicateAttribute),
    ("<a x=1/>", .unexpectedCharacter),
    ("<a b='<'/>", .unexpectedCharacter),
    ("<a>&nbsp;</a>", .badReference),
    ("<a>&#0;</a>", .badReference),
    ("<a>&#xD800;</a>", .badReference),
    ("<a>&#+65;</a>", .badReference),
    ("<a>&amp</a>", .badReference),
    ("<a>\u{1}</a>", .unexpectedCharacter),
    ("<a><!-- -- --></a>", .unexpectedCharacter),
    ("<!DOCTYPE a><a/>", .documentType),
    ("<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>", .documentType),
    ("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>", .documentType),
    ("<a><!ENTITY x 'y'></a>", .documentType),
    ("<?xml version='1.0' encoding='utf-16'?><a/>", .notUTF8),
  ])
  func whatIsNoDocumentIsRefused(text: String, reason: XMLError.Reason) {
    #expect { try parse(text) } throws: { ($0 as? XMLError)?.reason == reason }
  }

  @Test func entitiesThatMultiplyAreRefusedBeforeTheyAreRead() {
    let bomb = """
      <?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">\
      <!ENTITY lol3 "&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;">]><BlockList><Latest>&lol3;</Latest></BlockList>
      """
    #expect { try parse(bomb) } throws: { ($0 as? XMLError)?.reason == .documentType }
  }

  @Test func depthBytesAndElementsAreBounded() throws {
    let limits = XMLLimits(depth: 3, bytes: 100, elements: 4)
    _ = try parse("<a><b><c/></b><d/></a>", limits)
    #expect { try parse("<a><b><c><d/></c></b></a>", limits) } throws: { ($0 as? XMLError)?.reason == .tooDeep }
    #expect { try parse("<a><b/><b/><b/><b/></a>", limits) } throws: { ($0 as? XMLError)?.reason == .tooManyElements }
    #expect { try parse("<a>\(String(repeating: "x", count: 100))</a>", limits) } throws: { ($0 as? XMLError)?.reason == .tooLarge }
  }

  @Test func bytesThatAreNotUTF8AreRefused() {
    let bytes: [UInt8] = Array("<a>".utf8) + [0xFF, 0xFE] + Array("</a>".utf8)
    #expect { try XMLElement(parsing: bytes) } throws: { ($0 as? XMLError)?.reason == .notUTF8 }
  }

  @Test func whatIsWrittenIsReadBack() throws {
    let text = "a<b>&\"'\r\n\té😀"
    var writer = XMLWriter()
    writer.element("Root", ["name": text]) { writer in
      writer.element("Text", text)
      writer.element("Count", 3)
      writer.element("Flag", true)
      writer.element("None", "")
    }
    #expect(String(decoding: writer.bytes, as: UTF8.self).hasPrefix(#"<?xml version="1.0" encoding="utf-8"?><Root name="#))
    #expect(String(decoding: writer.bytes, as: UTF8.self).hasSuffix("<Count>3</Count><Flag>true</Flag><None /></Root>"))
    let root = try XMLElement(parsing: writer.bytes)
    #expect(root.attributes.first?.value == text)
    #expect(root.child("Text")?.text == text)
  }

  @Test func charactersThatXMLCannotSayAreReplaced() throws {
    #expect(!XMLWriter.canWrite("a\u{1}b"))
    #expect(!XMLWriter.canWrite("a\u{FFFF}"))
    #expect(XMLWriter.canWrite("a\t\n\r\u{FFFD}é"))
    var writer = XMLWriter()
    writer.element("Name", "a\u{1}b\u{FFFE}")
    #expect(try XMLElement(parsing: writer.bytes).text == "a\u{FFFD}b\u{FFFD}")
  }
}
