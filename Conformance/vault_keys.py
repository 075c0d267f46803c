"""What tests of keys have in common: public parts as `cryptography` knows them, and digests."""

import hashlib

from azure.keyvault.keys.crypto import CryptographyClient
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from vaults import credential

CURVES = {"P-256": ec.SECP256R1, "P-384": ec.SECP384R1, "P-521": ec.SECP521R1, "P-256K": ec.SECP256K1}
MESSAGE = b"Le dossier de la patiente."


def digest(algorithm):
    """Of the message, as long as the algorithm wants it."""
    return hashlib.new("sha" + getattr(algorithm, "value", algorithm).rstrip("K")[-3:], MESSAGE).digest()


def public_key(key):
    """The public part of a `KeyVaultKey`."""
    if key.key_type.startswith("RSA"):
        return rsa.RSAPublicNumbers(int.from_bytes(key.key.e), int.from_bytes(key.key.n)).public_key()
    return ec.EllipticCurvePublicNumbers(int.from_bytes(key.key.x), int.from_bytes(key.key.y), CURVES[key.key.crv]()).public_key()


class Remote(CryptographyClient):
    """A `CryptographyClient` that never works by itself: whatever it is asked, the vault does."""

    def __init__(self, key, cloud, **options):
        super().__init__(key, credential(cloud), connection_verify=cloud.ca, **options)
        # It would make itself able at its first use.
        self._initialized, self._local_provider = True, _Unable()


class _Unable:
    def supports(self, operation, algorithm):
        return False
