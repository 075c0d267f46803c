"""Keys: `az keyvault key …`, azure-keyvault-keys with its `CryptographyClient`, and what they do not reach."""

import asyncio
import base64
import json
import os
from datetime import datetime, timedelta, timezone

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity.aio import ClientSecretCredential as AsyncClientSecretCredential
from azure.keyvault.keys import JsonWebKey, KeyClient, KeyCurveName, KeyOperation, KeyRotationLifetimeAction, KeyRotationPolicy, KeyRotationPolicyAction
from azure.keyvault.keys.aio import KeyClient as AsyncKeyClient
from azure.keyvault.keys.crypto import CryptographyClient, EncryptionAlgorithm, KeyWrapAlgorithm, SignatureAlgorithm
from azure.keyvault.keys.crypto.aio import CryptographyClient as AsyncCryptographyClient
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from cloud import unique
from vault_keys import MESSAGE, Remote, digest, public_key
from vaults import credential, make_vault, vault_session

RSA_SIGNATURES = [SignatureAlgorithm(name + bits) for name in ("RS", "PS") for bits in ("256", "384", "512")]
RSA_ENCRYPTIONS = [EncryptionAlgorithm.rsa1_5, EncryptionAlgorithm.rsa_oaep, EncryptionAlgorithm.rsa_oaep_256]
RSA_WRAPPINGS = [KeyWrapAlgorithm.rsa1_5, KeyWrapAlgorithm.rsa_oaep, KeyWrapAlgorithm.rsa_oaep_256]


@pytest.fixture(scope="module")
def client(cloud, vault):
    return KeyClient(cloud.url(f"{vault}.vault"), credential(cloud))


@pytest.fixture(scope="module")
def rsa_key(client):
    return client.create_rsa_key(unique("rsa"), size=2048)


def inner_code(refusal):
    return refusal.value.error.innererror["code"] if refusal.value.error.innererror else None


# az


def test_az_takes_a_key_through_its_life(az, vault, tmp_path):
    name = unique("key")
    where = ("--vault-name", vault, "-n", name)
    made = az("keyvault", "key", "create", *where, "--kty", "EC", "--curve", "P-384", "--ops", "sign", "verify", "--tags", "a=1")
    assert made["key"]["kty"] == "EC" and made["key"]["crv"] == "P-384" and set(made["key"]["keyOps"]) == {"sign", "verify"}
    assert made["tags"] == {"a": "1"} and made["attributes"]["enabled"] is True
    assert az("keyvault", "key", "show", *where)["key"]["kid"] == made["key"]["kid"]
    assert name in [item["name"] for item in az("keyvault", "key", "list", "--vault-name", vault)]
    changed = az("keyvault", "key", "set-attributes", *where, "--expires", "2030-01-01T00:00:00Z", "--tags", "b=2")
    assert changed["attributes"]["expires"].startswith("2030-01-01") and changed["tags"] == {"b": "2"}
    rotated = az("keyvault", "key", "rotate", *where)
    assert rotated["key"]["kid"] != made["key"]["kid"] and rotated["key"]["crv"] == "P-384"
    assert len(az("keyvault", "key", "list-versions", *where)) == 2
    backup = tmp_path / "backup"
    az("keyvault", "key", "backup", *where, "--file", backup)
    az("keyvault", "key", "delete", *where)
    assert name in [item["name"] for item in az("keyvault", "key", "list-deleted", "--vault-name", vault)]
    assert az("keyvault", "key", "show-deleted", *where)["deletedDate"]
    az("keyvault", "key", "recover", *where)
    az("keyvault", "key", "delete", *where)
    az("keyvault", "key", "purge", *where)
    restored = az("keyvault", "key", "restore", "--vault-name", vault, "--file", backup)
    assert restored["key"]["kid"] == rotated["key"]["kid"]
    assert len(az("keyvault", "key", "list-versions", *where)) == 2


def test_az_uses_a_key(az, vault):
    name = unique("key")
    where = ("--vault-name", vault, "-n", name)
    az("keyvault", "key", "create", *where, "--kty", "RSA", "--size", "3072")
    hashed = base64.b64encode(digest("RS256")).decode()
    signature = az("keyvault", "key", "sign", *where, "-a", "RS256", "--digest", hashed)["signature"]
    assert az("keyvault", "key", "verify", *where, "-a", "RS256", "--digest", hashed, "--signature", signature)["isValid"] is True
    text = base64.b64encode(MESSAGE).decode()
    for algorithm in ("RSA-OAEP", "RSA-OAEP-256"):
        encrypted = az("keyvault", "key", "encrypt", *where, "-a", algorithm, "--value", text)["result"]
        assert az("keyvault", "key", "decrypt", *where, "-a", algorithm, "--value", encrypted)["result"] == text


def test_az_says_what_a_vault_does_not_take(az, vault):
    where = ("--vault-name", vault, "-n", unique("key"))
    assert "Invalid kty value: oct" in az.refused("keyvault", "key", "create", *where, "--kty", "oct")
    assert "Hardware key operation not allowed on standard vault" in az.refused("keyvault", "key", "create", *where, "--protection", "hsm")


def test_az_imports_keys_from_files(az, vault, tmp_path):
    private = rsa.generate_private_key(65537, 2048)
    file = tmp_path / "key.pem"
    file.write_bytes(private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()))
    name = unique("key")
    az("keyvault", "key", "import", "--vault-name", vault, "-n", name, "--pem-file", file)
    public = tmp_path / "public.pem"
    az("keyvault", "key", "download", "--vault-name", vault, "-n", name, "-e", "PEM", "-f", public)
    taken = serialization.load_pem_public_key(public.read_bytes())
    assert taken.public_numbers() == private.public_key().public_numbers()


def test_az_sets_a_rotation_policy(az, vault, tmp_path):
    where = ("--vault-name", vault, "-n", unique("key"))
    az("keyvault", "key", "create", *where)
    unset = az("keyvault", "key", "rotation-policy", "show", *where)
    assert unset["lifetimeActions"][0]["action"] == "Notify" and unset["lifetimeActions"][0]["timeBeforeExpiry"] == "P30D"
    policy = {
        "lifetimeActions": [
            {"trigger": {"timeAfterCreate": "P90D"}, "action": {"type": "Rotate"}}, {"trigger": {"timeBeforeExpiry": "P30D"}, "action": {"type": "Notify"}}],
        "attributes": {"expiryTime": "P2Y"}}
    file = tmp_path / "policy.json"
    file.write_text(json.dumps(policy))
    set_ = az("keyvault", "key", "rotation-policy", "update", *where, "--value", file)
    shown = az("keyvault", "key", "rotation-policy", "show", *where)
    assert shown["expiresIn"] == set_["expiresIn"] == "P2Y"
    assert {(action["action"], action["timeAfterCreate"], action["timeBeforeExpiry"]) for action in shown["lifetimeActions"]} == {
        ("Rotate", "P90D", None), ("Notify", None, "P30D")}
    rotated = az("keyvault", "key", "rotate", *where)
    left = datetime.fromisoformat(rotated["attributes"]["expires"]) - datetime.now(timezone.utc)
    assert timedelta(days=729) < left < timedelta(days=732)


def test_az_gets_random_bytes(az, cloud, vault):
    drawn = az("keyvault", "key", "random", "--count", "16", "--id", cloud.url(f"{vault}.vault"))
    assert len(base64.b64decode(drawn["value"] if isinstance(drawn, dict) else drawn)) == 16


# azure-keyvault-keys


@pytest.mark.parametrize("size", (2048, 3072, 4096))
def test_rsa_keys_of_every_size_sign(cloud, client, size):
    key = client.create_rsa_key(unique("rsa"), size=size)
    assert public_key(key).key_size == size
    signature = Remote(key, cloud).sign(SignatureAlgorithm.ps256, digest("PS256")).signature
    public_key(key).verify(signature, MESSAGE, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())


@pytest.mark.parametrize("algorithm", RSA_SIGNATURES)
def test_what_the_vault_signs_the_client_verifies(cloud, rsa_key, algorithm):
    hashed = digest(algorithm)
    signature = Remote(rsa_key, cloud).sign(algorithm, hashed).signature
    local = CryptographyClient(rsa_key, credential(cloud))
    assert local.verify(algorithm, hashed, signature).is_valid
    # It did so itself, and did not ask the vault.
    assert local._local_provider.supports(KeyOperation.verify, algorithm)
    assert Remote(rsa_key, cloud).verify(algorithm, hashed, signature).is_valid
    assert not Remote(rsa_key, cloud).verify(algorithm, hashed[::-1], signature).is_valid


@pytest.mark.parametrize(
    "curve, algorithm",
    ((KeyCurveName.p_256, SignatureAlgorithm.es256), (KeyCurveName.p_384, SignatureAlgorithm.es384), (KeyCurveName.p_521, SignatureAlgorithm.es512)))
def test_curves_sign(cloud, client, curve, algorithm):
    key = client.create_ec_key(unique("ec"), curve=curve)
    hashed = digest(algorithm)
    signature = Remote(key, cloud).sign(algorithm, hashed).signature
    assert CryptographyClient(key, credential(cloud)).verify(algorithm, hashed, signature).is_valid
    assert Remote(key, cloud).verify(algorithm, hashed, signature).is_valid
    with pytest.raises(HttpResponseError) as refusal:
        Remote(key, cloud).sign(SignatureAlgorithm.rs256, digest("RS256"))
    assert refusal.value.status_code == 400 and "incompatible" in refusal.value.message


@pytest.mark.parametrize("algorithm", RSA_ENCRYPTIONS)
def test_what_the_client_encrypts_the_vault_decrypts(cloud, rsa_key, algorithm):
    for crypto in (CryptographyClient(rsa_key, credential(cloud)), Remote(rsa_key, cloud)):
        ciphertext = crypto.encrypt(algorithm, MESSAGE).ciphertext
        assert Remote(rsa_key, cloud).decrypt(algorithm, ciphertext).plaintext == MESSAGE
    with pytest.raises(HttpResponseError) as refusal:
        Remote(rsa_key, cloud).decrypt(algorithm, ciphertext[:-1] + bytes([ciphertext[-1] ^ 1]))
    assert (refusal.value.status_code, refusal.value.error.code, refusal.value.error.message) == (400, "BadParameter", "The parameter is incorrect.")


@pytest.mark.parametrize("algorithm", RSA_WRAPPINGS)
def test_keys_are_wrapped(cloud, rsa_key, algorithm):
    wanted = os.urandom(32)
    for crypto in (CryptographyClient(rsa_key, credential(cloud)), Remote(rsa_key, cloud)):
        assert Remote(rsa_key, cloud).unwrap_key(algorithm, crypto.wrap_key(algorithm, wanted).encrypted_key).key == wanted


def test_a_key_of_ones_own_is_taken(cloud, client):
    private = rsa.generate_private_key(65537, 2048)
    numbers, public = private.private_numbers(), private.public_key().public_numbers()
    whole = {
        "n": public.n, "e": public.e, "d": numbers.d, "p": numbers.p, "q": numbers.q, "dp": numbers.dmp1, "dq": numbers.dmq1, "qi": numbers.iqmp}
    parts = {name: value.to_bytes((value.bit_length() + 7) // 8) for name, value in whole.items()}
    key = client.import_key(unique("own"), JsonWebKey(kty="RSA", key_ops=["sign", "verify"], **parts))
    assert public_key(key).public_numbers() == public
    signature = Remote(key, cloud).sign(SignatureAlgorithm.rs512, digest("RS512")).signature
    private.public_key().verify(signature, MESSAGE, padding.PKCS1v15(), hashes.SHA512())
    with pytest.raises(HttpResponseError) as refusal:
        Remote(key, cloud).decrypt(EncryptionAlgorithm.rsa_oaep, bytes(256))
    assert refusal.value.status_code == 403 and inner_code(refusal) == "KeyOperationForbidden"


def test_time_and_state_of_a_key_decide(cloud, client):
    now = datetime.now(timezone.utc)
    key = client.create_rsa_key(unique("late"), size=2048)
    ciphertext = Remote(key, cloud).encrypt(EncryptionAlgorithm.rsa_oaep, MESSAGE).ciphertext
    for properties, code in (
            ({"not_before": now + timedelta(days=1)}, "KeyNotYetValid"),
            ({"not_before": now - timedelta(days=2), "expires_on": now - timedelta(days=1)}, "KeyExpired")):
        client.update_key_properties(key.name, **properties)
        with pytest.raises(HttpResponseError) as refusal:
            Remote(key, cloud).sign(SignatureAlgorithm.rs256, digest("RS256"))
        assert refusal.value.status_code == 403 and inner_code(refusal) == code
        assert Remote(key, cloud).decrypt(EncryptionAlgorithm.rsa_oaep, ciphertext).plaintext == MESSAGE
    assert client.update_key_properties(key.name, enabled=False).properties.enabled is False
    with pytest.raises(HttpResponseError) as refusal:
        Remote(key, cloud).decrypt(EncryptionAlgorithm.rsa_oaep, ciphertext)
    assert refusal.value.status_code == 403 and inner_code(refusal) == "KeyDisabled"
    client.update_key_properties(key.name, enabled=True)
    assert Remote(key, cloud).decrypt(EncryptionAlgorithm.rsa_oaep, ciphertext).plaintext == MESSAGE


def test_lists_have_pages(client):
    name = unique("many")
    for _ in range(30):
        client.create_ec_key(name)
    pages = [list(page) for page in client.list_properties_of_key_versions(name).by_page()]
    assert [len(page) for page in pages] == [25, 5]
    assert len({version.version for page in pages for version in page}) == 30


def test_the_client_takes_a_key_through_its_life(cloud, client):
    name = unique("key")
    first = client.create_ec_key(name, tags={"a": "b"})
    policy = KeyRotationPolicy(
        lifetime_actions=[KeyRotationLifetimeAction(KeyRotationPolicyAction.rotate, time_after_create="P2M")], expires_in="P90D")
    assert client.update_key_rotation_policy(name, policy).expires_in == "P90D"
    assert client.get_key_rotation_policy(name).lifetime_actions[0].time_after_create == "P2M"
    second = client.rotate_key(name)
    assert second.properties.version != first.properties.version and second.properties.expires_on
    assert client.get_key(name, first.properties.version).key.x == first.key.x
    backup = client.backup_key(name)
    deleted = client.begin_delete_key(name).result()
    assert deleted.scheduled_purge_date > deleted.deleted_date
    with pytest.raises(ResourceNotFoundError):
        client.get_key(name)
    client.purge_deleted_key(name)
    assert client.restore_key_backup(backup).properties.version == second.properties.version
    assert len(list(client.list_properties_of_key_versions(name))) == 2
    assert len(client.get_random_bytes(32)) == 32
    client.begin_delete_key(name).wait()
    assert name in [key.name for key in client.list_deleted_keys()]
    assert client.begin_recover_deleted_key(name).result().name == name


def test_the_asynchronous_client_works(cloud, vault):
    async def work():
        whose = AsyncClientSecretCredential(
            cloud.tenant, cloud.client_id, cloud.client_secret, authority=cloud.authority, disable_instance_discovery=True, connection_verify=cloud.ca)
        async with whose, AsyncKeyClient(cloud.url(f"{vault}.vault"), whose, connection_verify=cloud.ca) as keys:
            key = await keys.create_ec_key(unique("aio"))
            async with AsyncCryptographyClient(key, whose, connection_verify=cloud.ca) as crypto:
                signature = (await crypto.sign(SignatureAlgorithm.es256, digest("ES256"))).signature
                assert (await crypto.verify(SignatureAlgorithm.es256, digest("ES256"), signature)).is_valid
            assert key.name in [item.name async for item in keys.list_properties_of_keys()]

    asyncio.run(work())


# What no client does


def test_a_key_is_there_after_a_cut_of_the_power(own_cloud):
    cloud = own_cloud()
    group, name = unique("rg"), unique("kv")
    cloud.make_group(group)
    client = KeyClient(make_vault(cloud, group, name), credential(cloud), connection_verify=cloud.ca)
    key = client.create_rsa_key("kept", size=2048)
    signature = Remote(key, cloud).sign(SignatureAlgorithm.rs256, digest("RS256")).signature
    cloud.kill()
    cloud.up()
    assert client.get_key("kept").key.n == key.key.n
    assert Remote(key, cloud).sign(SignatureAlgorithm.rs256, digest("RS256")).signature == signature


def test_nothing_of_a_private_key_is_given_out(cloud, vault, client):
    name = unique("key")
    client.create_rsa_key(name, size=2048)
    session = vault_session(cloud)
    url = cloud.url(f"{vault}.vault")
    for path in (f"/keys/{name}", f"/keys/{name}/versions", "/keys"):
        text = session.get(f"{url}{path}?api-version=2025-07-01", timeout=30).text
        assert not {'"d"', '"p"', '"q"', '"dp"', '"dq"', '"qi"', '"k"'} & set(text.replace(":", " ").replace(",", " ").replace("{", " ").split())
