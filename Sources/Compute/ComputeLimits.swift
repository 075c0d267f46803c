/// The bounds of machines and disks.
///
/// Source: Microsoft, "Azure subscription and service limits, quotas, and constraints".
public enum ComputeLimits {
  /// Decoded bytes of `customData` and of `userData`.
  public static let maximumCustomDataBytes = 65_536
  public static let maximumMachines = 25_000
  public static let maximumDisks = 50_000
  /// vCPUs of one subscription and location.
  public static let maximumProcessors = 100_000
  /// Gibibytes of one disk.
  public static let maximumDiskGiB: Int64 = 32_767
  /// Empty disks that are kept ready: as many as are made at once without anybody waiting for the header of one.
  public static let blankDisks = 8
  /// Bytes of a VHD that is uploaded into a disk.
  public static let uploadBytes: ClosedRange<Int64> = 20_972_032...35_183_298_347_520
  /// Seconds that a guest has to shut down before it is ended.
  public static let shutdownSeconds = 30
  /// Seconds after which it is asked again.
  public static let shutdownRepeatSeconds = 5
  /// Seconds that a guest has to report that it is provisioned.
  public static let provisioningSeconds: Int64 = 2400
  /// Seconds between two looks at what runs.
  public static let observeIntervalSeconds = 2
  /// Milliseconds that the reason of an end may come later than the end is seen.
  public static let reasonMilliseconds = 1000
  /// Bytes of a console log that are handed out: the end of it.
  public static let maximumConsoleBytes = 1 << 20
  /// Bytes of a run command's script, and of what is kept of each of its outputs.
  public static let maximumScriptBytes = 256 << 10
  public static let maximumScriptOutputBytes = 4096
  /// Seconds that a run command may take.
  public static let runCommandSeconds: Int64 = 5400
  /// Bytes of a request to the metadata service.
  public static let maximumMetadataRequestBytes = 64 << 10
  public static let interfaceMTU = 1450
  /// Seconds between two looks whether the keys of disks in use are still open.
  public static let keyWatchSeconds = 5
  /// Seconds that a guest has to shut down whose disk's key was withdrawn. With what it takes to notice, they are less than the 60 after which nothing
  /// is readable.
  public static let withdrawalShutdownSeconds = 15
  /// Machines whose disks' keys are asked about at the same time.
  public static let maximumConcurrentKeyLooks = 64
  /// Seconds between two looks for newer versions of the keys of encryption sets that follow them.
  public static let keyRotationSeconds = 30
}
