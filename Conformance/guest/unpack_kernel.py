"""Unpacks the ELF kernel of a bzImage: `unpack_kernel.py BZIMAGE ELF`."""

import bz2
import lzma
import subprocess
import sys
import zlib

MAGICS = {
    b"\x1f\x8b\x08": lambda data: zlib.decompressobj(31).decompress(data),
    b"\xfd7zXZ\x00": lambda data: lzma.LZMADecompressor().decompress(data),
    b"\x02\x21\x4c\x18": lambda data: subprocess.run(["lz4", "-d", "-c"], input=data, capture_output=True).stdout,
    b"\x28\xb5\x2f\xfd": lambda data: subprocess.run(["zstd", "-d", "-c"], input=data, capture_output=True).stdout,
    b"BZh": lambda data: bz2.BZ2Decompressor().decompress(data),
}


def unpack(image: bytes) -> bytes:
    for magic, decompress in MAGICS.items():
        start = image.find(magic)
        while start >= 0:
            try:
                kernel = decompress(image[start:])
                if kernel.startswith(b"\x7fELF"):
                    return kernel
            except Exception:
                pass
            start = image.find(magic, start + 1)
    raise SystemExit("no ELF kernel in the image")


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as source:
        kernel = unpack(source.read())
    with open(sys.argv[2], "wb") as target:
        target.write(kernel)
