/// Records that belong together and do not agree. The caller learns only that the read failed.
enum BlobDamage: Error, Equatable {
  case missingPayload
  case missingBlockList
  case missingPages
  case wrongLength
}
