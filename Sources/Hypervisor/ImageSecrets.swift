internal import Base
internal import Crypto
internal import CryptoExtras
internal import Wire

/// Secrets for QEMU's programs: a key of the moment on standard input, and the others on the command line, encrypted under it.
///
/// Source: QEMU, "Providing secret data to QEMU".
struct ImageSecrets {
  var arguments: [String]
  var input: [UInt8]

  init(_ secrets: [(id: String, value: [UInt8])], random: any RandomSource) throws {
    let master = random.bytes(32)
    input = Array(Base64.encode(master).utf8)
    arguments = ["--object", "secret,id=master,format=base64,file=/dev/stdin"]
    for (id, value) in secrets {
      let vector = random.bytes(16)
      let sealed = try AES._CBC.encrypt(value, using: SymmetricKey(data: master), iv: AES._CBC.IV(ivBytes: vector))
      arguments += [
        "--object", "secret,id=\(id),keyid=master,format=base64,iv=\(Base64.encode(vector)),data=\(Base64.encode(Array(sealed)))",
      ]
    }
  }
}
