"""Premium vaults: their keys live in a hardware security module, SoftHSM here, which goes away and comes back."""

import json
import os

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.keyvault.keys import JsonWebKey, KeyClient, KeyCurveName, KeyOperation
from azure.keyvault.keys.crypto import CryptographyClient, EncryptionAlgorithm, KeyWrapAlgorithm, SignatureAlgorithm
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap

from azure_cli import Az
from cloud import Cloud, free_port, unique
from test_root_key import LIBRARY, Token
from vault_keys import MESSAGE, Remote, digest
from vaults import credential, make_vault


@pytest.fixture(scope="module")
def token(workspace):
    return Token(workspace / unique("token"))


@pytest.fixture(scope="module")
def hsm_cloud(workspace, token):
    """A cloud whose operator has named a module."""
    cloud = Cloud(workspace / unique("hsm"), free_port())
    cloud.settle()
    settings = cloud.data / "hsm.json"
    settings.write_text(json.dumps({"library": LIBRARY, "token": "cocagne", "pinFile": str(token.pin_file)}))
    settings.chmod(0o600)
    cloud.up(environment=token.environment)
    yield cloud
    cloud.stop()


@pytest.fixture(scope="module")
def vault(hsm_cloud):
    group, name = unique("rg"), unique("kv")
    hsm_cloud.make_group(group)
    make_vault(hsm_cloud, group, name, sku={"family": "A", "name": "premium"})
    return name


@pytest.fixture(scope="module")
def client(hsm_cloud, vault):
    # Without further tries, so that an answer of 503 is seen at once.
    return KeyClient(hsm_cloud.url(f"{vault}.vault"), credential(hsm_cloud), connection_verify=hsm_cloud.ca, retry_total=0)


def test_az_makes_a_key_in_the_module(hsm_cloud, workspace, vault, token):
    az = Az(hsm_cloud, workspace / unique("az"))
    az.login()
    name = unique("key")
    made = az("keyvault", "key", "create", "--vault-name", vault, "-n", name, "--protection", "hsm", "--kty", "RSA", "--size", "2048")
    assert made["key"]["kty"] == "RSA-HSM"
    listed = token.keys()
    assert "cocagne vault" in listed and "sensitive" in listed


@pytest.mark.parametrize("size", (2048, 3072, 4096))
def test_rsa_keys_of_the_module_work(hsm_cloud, client, size):
    key = client.create_rsa_key(unique("rsa"), size=size, hardware_protected=True)
    assert key.key_type == "RSA-HSM"
    remote, local = Remote(key, hsm_cloud), CryptographyClient(key, credential(hsm_cloud), connection_verify=hsm_cloud.ca)
    for name in ("RS256", "PS384", "RS512"):
        algorithm = SignatureAlgorithm(name)
        signature = remote.sign(algorithm, digest(algorithm)).signature
        assert local.verify(algorithm, digest(algorithm), signature).is_valid and remote.verify(algorithm, digest(algorithm), signature).is_valid
    for algorithm in (KeyWrapAlgorithm.rsa_oaep, KeyWrapAlgorithm.rsa_oaep_256, KeyWrapAlgorithm.rsa1_5):
        assert remote.unwrap_key(algorithm, local.wrap_key(algorithm, MESSAGE).encrypted_key).key == MESSAGE
    with pytest.raises(HttpResponseError) as refusal:
        remote.decrypt(EncryptionAlgorithm.rsa_oaep, bytes(size // 8))
    assert (refusal.value.status_code, refusal.value.error.code) == (400, "BadParameter")


@pytest.mark.parametrize(
    "curve, algorithm", (
        (KeyCurveName.p_256, SignatureAlgorithm.es256), (KeyCurveName.p_384, SignatureAlgorithm.es384), (KeyCurveName.p_521, SignatureAlgorithm.es512),
        (KeyCurveName.p_256_k, SignatureAlgorithm.es256_k)))
def test_curves_of_the_module_sign(hsm_cloud, client, curve, algorithm):
    key = client.create_ec_key(unique("ec"), curve=curve, hardware_protected=True)
    signature = Remote(key, hsm_cloud).sign(algorithm, digest(algorithm)).signature
    assert CryptographyClient(key, credential(hsm_cloud), connection_verify=hsm_cloud.ca).verify(algorithm, digest(algorithm), signature).is_valid
    assert Remote(key, hsm_cloud).verify(algorithm, digest(algorithm), signature).is_valid


@pytest.mark.parametrize("bits", (128, 192, 256))
def test_symmetric_keys_of_the_module_work(hsm_cloud, client, bits):
    known = os.urandom(bits // 8)
    taken = client.import_key(unique("own"), JsonWebKey(kty="oct-HSM", k=known, key_ops=["encrypt", "decrypt", "wrapKey", "unwrapKey"]))
    made = client.create_oct_key(unique("oct"), size=bits, hardware_protected=True)
    assert taken.key_type == made.key_type == "oct-HSM" and taken.key.k is None
    for key in (taken, made):
        remote = Remote(key, hsm_cloud)
        sealed = remote.encrypt(EncryptionAlgorithm(f"A{bits}GCM"), MESSAGE, additional_authenticated_data=b"beside it")
        assert remote.decrypt(
            EncryptionAlgorithm(f"A{bits}GCM"), sealed.ciphertext, iv=sealed.iv, authentication_tag=sealed.tag,
            additional_authenticated_data=b"beside it").plaintext == MESSAGE
        padded = remote.encrypt(EncryptionAlgorithm(f"A{bits}CBCPAD"), MESSAGE, iv=bytes(16))
        assert remote.decrypt(EncryptionAlgorithm(f"A{bits}CBCPAD"), padded.ciphertext, iv=bytes(16)).plaintext == MESSAGE
        wrapped = remote.wrap_key(KeyWrapAlgorithm(f"A{bits}KW"), bytes(32)).encrypted_key
        assert remote.unwrap_key(KeyWrapAlgorithm(f"A{bits}KW"), wrapped).key == bytes(32)
        if key is taken:
            assert AESGCM(known).decrypt(sealed.iv, sealed.ciphertext + sealed.tag, b"beside it") == MESSAGE
            assert aes_key_unwrap(known, wrapped) == bytes(32)


def test_a_key_of_the_module_authenticates_messages(hsm_cloud, client):
    key = client.create_oct_key(unique("mac"), hardware_protected=True, key_operations=[KeyOperation.sign, KeyOperation.verify])
    remote = Remote(key, hsm_cloud)
    code = remote.sign(SignatureAlgorithm.hs256, MESSAGE).signature
    assert remote.verify(SignatureAlgorithm.hs256, MESSAGE, code).is_valid and not remote.verify(SignatureAlgorithm.hs256, MESSAGE, code[::-1]).is_valid


def test_keys_of_the_module_are_backed_up_and_restored(hsm_cloud, client):
    name = unique("key")
    key = client.create_ec_key(name, hardware_protected=True)
    signature = Remote(key, hsm_cloud).sign(SignatureAlgorithm.es256, digest("ES256")).signature
    backup = client.backup_key(name)
    client.begin_delete_key(name).wait()
    client.purge_deleted_key(name)
    with pytest.raises(ResourceNotFoundError):
        client.get_key(name)
    restored = client.restore_key_backup(backup)
    assert restored.key.x == key.key.x
    assert Remote(restored, hsm_cloud).verify(SignatureAlgorithm.es256, digest("ES256"), signature).is_valid
    assert Remote(restored, hsm_cloud).sign(SignatureAlgorithm.es256, digest("ES256")).signature


def test_a_module_that_is_away_costs_no_key(hsm_cloud, client, token):
    key = client.create_rsa_key(unique("rsa"), size=2048, hardware_protected=True)
    algorithm = SignatureAlgorithm.rs256
    signature = Remote(key, hsm_cloud).sign(algorithm, digest(algorithm)).signature
    remote = Remote(key, hsm_cloud, retry_total=0)
    token.take_away()
    try:
        for request in (lambda: remote.sign(algorithm, digest(algorithm)), lambda: client.create_ec_key(unique("ec"), hardware_protected=True)):
            with pytest.raises(HttpResponseError) as refusal:
                request()
            assert refusal.value.status_code == 503 and int(refusal.value.response.headers["Retry-After"]) > 0
        # A public part needs no module.
        assert remote.verify(algorithm, digest(algorithm), signature).is_valid
    finally:
        token.bring_back()
    assert Remote(key, hsm_cloud).sign(algorithm, digest(algorithm)).signature == signature


def test_keys_of_the_module_outlive_a_cut_of_the_power(hsm_cloud, client, token):
    key = client.create_rsa_key(unique("rsa"), size=2048, hardware_protected=True)
    algorithm = SignatureAlgorithm.rs256
    signature = Remote(key, hsm_cloud).sign(algorithm, digest(algorithm)).signature
    hsm_cloud.kill()
    hsm_cloud.up(environment=token.environment)
    assert Remote(key, hsm_cloud).sign(algorithm, digest(algorithm)).signature == signature
