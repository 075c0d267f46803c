import Base
import Compute
import NIOHTTP1
import Testing
import Wire

/// The operator's catalogues: sizes and images.
@Suite struct CatalogueTests {
  @Test(arguments: [
    "{}", "[]", "null", #""Standard_B1s""#, "[1]", "[{}]",
    #"[{"name": "B1s", "vCPUs": 1, "memoryMiB": 512}]"#,
    #"[{"name": "Standard_A", "vCPUs": 0, "memoryMiB": 512}]"#,
    #"[{"name": "Standard_A", "vCPUs": 257, "memoryMiB": 512}]"#,
    #"[{"name": "Standard_A", "vCPUs": 1.5, "memoryMiB": 512}]"#,
    #"[{"name": "Standard_A", "vCPUs": "1", "memoryMiB": 512}]"#,
    #"[{"name": "Standard_A", "vCPUs": 1, "memoryMiB": 127}]"#,
    #"[{"name": "Standard_A", "vCPUs": 1}]"#,
    #"[{"name": "Standard_A", "vCPUs": 1, "memoryMiB": 512}, {"name": "Standard_B", "memoryMiB": 512}]"#,
  ])
  func aWrongListOfSizesSaysWhatIsWrong(text: String) throws {
    let json = try JSON(parsing: Array(text.utf8))
    #expect(throws: MachineSizeError.self) { try MachineSize.parse(json) }
  }

  @Test func theErrorNamesTheSizeThatIsWrong() throws {
    let json: JSON = [["name": "Standard_Good", "vCPUs": 1, "memoryMiB": 512], ["name": "Standard_Bad", "vCPUs": 1]]
    do {
      _ = try MachineSize.parse(json)
      Issue.record("it was taken")
    } catch let error as MachineSizeError {
      #expect(error.description.contains("Standard_Bad") && !error.description.contains("Standard_Good"))
    }
  }

  @Test func aListOfSizesIsRead() throws {
    let json: JSON = [
      ["name": "Standard_Own", "family": "own", "vCPUs": 3, "memoryMiB": 1536, "maxDataDisks": 7, "zones": ["1", "3"]],
      ["name": "Standard_Least", "vCPUs": 1, "memoryMiB": 128, "maxDataDisks": 500],
    ]
    #expect(
      try MachineSize.parse(json) == [
        MachineSize("Standard_Own", family: "own", processors: 3, memoryMiB: 1536, maximumDataDisks: 7, zones: ["1", "3"]),
        MachineSize("Standard_Least", family: "standardFamily", processors: 1, memoryMiB: 128, maximumDataDisks: 64),
      ])
  }

  @Test func whatIsOfferedUnlessToldOtherwiseCanBeRead() throws {
    #expect(Set(MachineSize.offered.map(\.name)).count == MachineSize.offered.count)
    #expect(MachineSize.offered.allSatisfy { $0.name.hasPrefix("Standard_") && $0.memoryMiB >= 128 && $0.zones == nil })
  }

  @Test func theLatestVersionIsTheNewestByNumber() async throws {
    let cloud = try await ComputeFixture()
    // By text, 9.0.0 and 1.0.9 would be the last ones.
    for version in ["1.0.9", "9.0.0", "10.0.2", "10.0.10", "2.30.0"] { try await cloud.addImage(version) }
    let made = await cloud.putMachine("vm")
    #expect(made.properties.member("storageProfile", "imageReference", "exactVersion") == "10.0.10", "\(made)")
    let image = ComputeFixture.image
    let offers = cloud.subscriptionPath + "/providers/Microsoft.Compute/locations/paris/publishers/\(image.publisher)/artifacttypes/vmimage/offers"
    let versions = offers + "/\(image.offer)/skus/\(image.sku)/versions"
    let all = await cloud.send(.GET, versions)
    #expect(all.json.array?.compactMap { $0["name"]?.string } == ["1.0.0", "1.0.9", "2.30.0", "9.0.0", "10.0.2", "10.0.10"])
    let newest = await cloud.send(.GET, versions, query: [("$top", "1"), ("$orderby", "name desc")])
    #expect(newest.json.array?.compactMap { $0["name"]?.string } == ["10.0.10"])
    #expect(await cloud.send(.GET, versions + "/10.0.2").json["name"] == "10.0.2")
    #expect(await cloud.send(.GET, versions + "/10.0.3").code == "PlatformImageNotFound")
  }
}
