import Base
import Compute
import Glibc
import Testing
import Wire

/// What is known of files and processes, beside what there is.
@Suite struct LookingTests {
  @Test func aMachineWithoutAProcessAndAProcessWithoutAMachineAreTold() async throws {
    let cloud = try await ComputeFixture()
    #expect(await cloud.putMachine("vm").status == 201)
    // While it is being made nothing is missing.
    #expect(try await cloud.service.processes().missing.isEmpty)
    try await cloud.finish("vm")
    let machine = try await cloud.machine("vm")
    var seen = try await cloud.service.processes()
    #expect(seen.running.map(\.id) == [machine.vmID] && seen.running.first?.tenant == cloud.tenant)
    #expect(seen.running.first?.resource == machine.id.description)
    #expect(seen.missing.isEmpty)
    let stranger = cloud.random.guid()
    cloud.hypervisor.run(stranger, machine.id)
    cloud.hypervisor.end(machine.vmID)
    seen = try await cloud.service.processes()
    #expect(seen.running.map(\.id) == [stranger] && seen.running.first?.resource == nil)
    #expect(seen.missing == [machine.id.description])
  }

  @Test func aFileWithoutARecordIsToldAsNobodys() async throws {
    let cloud = try await ComputeFixture()
    let image = try #require(try await cloud.service.diskFiles().files.first)
    #expect(image.path.hasSuffix("/images/1.0.0/disk.qcow2") && image.resource == nil && !image.hasDataKey)
    let path = image.path.replacing("images/1.0.0/disk.qcow2", with: "disks/stranger.qcow2")
    let descriptor = creat(path, 0o600)
    try #require(descriptor >= 0)
    close(descriptor)
    let found = try await cloud.service.diskFiles()
    let file = try #require(found.files.first { $0.path == path })
    #expect(file.resource == nil && file.tenant == .zero && !file.hasDataKey)
    #expect(found.missing.isEmpty)
  }
}
