"""External keys: they live with the customer, on a machine of their own, which is asked at every use and may say no."""

import base64
import json
import signal
import ssl
import subprocess
import time

import pytest
from azure.core.exceptions import HttpResponseError
from azure.keyvault.keys import KeyClient
from azure.keyvault.keys.crypto import KeyWrapAlgorithm
from azure.storage.blob import BlobServiceClient

from cloud import LAUNCHER, START_SECONDS, clean_environment, free_port, unique
from test_customer_keys import CLOSED_SECONDS, ENCRYPTION_USER, OPEN_SECONDS, code, wait
from test_ledger_entries import awaited, entries
from vault_keys import Remote
from vaults import credential, give_role, make_vault, vault_path, vault_session

EKM_VERSION = "2026-01-01-preview"
HOST = "keys.customer.localhost"
DATA_KEY = bytes(range(32))
# The bound of a connection that does not come about, and what a busy machine may add.
PROMPT_SECONDS = 5


class KeyServer:
    """The customer's own machine: `cocagne external-key-server`, which knows nothing of the cloud but one certificate."""

    def __init__(self, folder, host=HOST):
        self.folder, self.port, self.process, self.host = folder, free_port(), None, host
        self.command("init", "--host", host)

    def command(self, verb, *arguments):
        line = [LAUNCHER, "external-key-server", verb, "--data", str(self.folder), *arguments]
        done = subprocess.run(line, capture_output=True, text=True, timeout=START_SECONDS, env=clean_environment())
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def authority(self):
        return self.folder / "autorite.pem"

    def admit(self, client):
        (self.folder / "clients" / "vault.json").write_text(json.dumps(client))

    def allow(self, tenant, **reasons):
        """Writes the policy: for each key its reasons."""
        keys = {key.replace("_", "-"): {"motifs": allowed, "locataires": [tenant]} for key, allowed in reasons.items()}
        # JSON is YAML too.
        (self.folder / "politique.yaml").write_text(json.dumps({"cles": keys}))

    def start(self):
        line = [LAUNCHER, "external-key-server", "run", "--data", str(self.folder), "--listen", f"127.0.0.1:{self.port}"]
        self.process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=clean_environment())
        said = self.process.stdout.readline()
        assert str(self.port) in said, said

    def stop(self, number=signal.SIGKILL):
        if self.process:
            self.process.send_signal(number)
            self.process.wait(START_SECONDS)
            self.process.stdout.close()
            self.process = None

    def journal(self):
        return [json.loads(line) for line in (self.folder / "journal.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def vault(cloud, group):
    name = unique("ext")
    make_vault(cloud, group, name, enablePurgeProtection=True)
    return name


@pytest.fixture(scope="module")
def vault_url(cloud, vault):
    return cloud.url(f"{vault}.vault")


@pytest.fixture(scope="module")
def server(cloud, az, workspace, vault_url):
    """The customer's server, which the vault knows and which knows the vault."""
    server = KeyServer(workspace / unique("keys"))
    server.command("key", "dossiers", "--kind", "RSA-3072")
    server.command("key", "archives", "--kind", "AES-256")
    server.admit(az("keyvault", "ekm-connection", "certificate", "show", "--id", vault_url))
    server.start()
    made = az(
        "keyvault", "ekm-connection", "create", "--id", vault_url, "--host", f"{HOST}:{server.port}", "--server-ca-certificate", server.authority)
    assert made["host"] == f"{HOST}:{server.port}"
    yield server
    server.stop()


@pytest.fixture(scope="module")
def client(cloud, vault_url):
    # Without further tries, so that an answer of 503 is seen at once.
    return KeyClient(vault_url, credential(cloud), connection_verify=cloud.ca, retry_total=0)


@pytest.fixture(scope="module")
def rsa(cloud, az, server, vault):
    """An external key of the vault, made with `az`."""
    server.allow(cloud.tenant, dossiers=["vaultOperation"], archives=["vaultOperation"])
    made = az("keyvault", "key", "create", "--vault-name", vault, "-n", "records", "--external-key-id", "dossiers")
    assert made["key"]["kty"] == "RSA-HSM" and sorted(made["key"]["keyOps"]) == ["unwrapKey", "wrapKey"]
    return made["key"]["kid"]


@pytest.fixture
def remote(cloud, client, rsa):
    return Remote(client.get_key("records"), cloud, retry_total=0)


def test_the_customers_server_says_what_it_is(az, server, vault_url):
    info = az("keyvault", "ekm-connection", "check", "--id", vault_url)
    assert info["ekmVendor"] == "Cocagne" and info["apiVersion"] == "0.1-preview"


def test_an_external_key_wraps_and_unwraps_at_the_customers(cloud, server, remote, rsa):
    before = len(server.journal())
    wrapped = remote.wrap_key(KeyWrapAlgorithm.rsa_oaep_256, DATA_KEY).encrypted_key
    assert remote.unwrap_key(KeyWrapAlgorithm.rsa_oaep_256, wrapped).key == DATA_KEY
    uses = server.journal()[before:]
    assert [use["operation"] for use in uses] == ["wrapkey", "unwrapkey"]
    for use in uses:
        assert use["reason"] == "vaultOperation" and use["tenant"] == cloud.tenant and use["subject"] == rsa and use["caller"] and use["request"]
    assert base64.urlsafe_b64encode(DATA_KEY).decode().rstrip("=") not in json.dumps(uses)


def test_a_symmetric_external_key_works_too(cloud, az, client, server, rsa, vault):
    az("keyvault", "key", "create", "--vault-name", vault, "-n", "archive", "--external-key-id", "archives")
    key = client.get_key("archive")
    shown = vault_session(cloud).get(f"{key.id}?api-version={EKM_VERSION}", timeout=30).json()
    assert key.key_type == "oct-HSM" and shown["attributes"]["external_key"] == {"id": "archives"}
    remote = Remote(key, cloud)
    wrapped = remote.wrap_key(KeyWrapAlgorithm.aes_256, DATA_KEY).encrypted_key
    assert remote.unwrap_key(KeyWrapAlgorithm.aes_256, wrapped).key == DATA_KEY
    with pytest.raises(HttpResponseError) as refusal:
        remote.unwrap_key(KeyWrapAlgorithm.aes_256, wrapped[:-1] + bytes([wrapped[-1] ^ 1]))
    assert refusal.value.status_code == 400


def test_a_refused_reason_is_refused_at_once_and_an_allowed_one_is_not(cloud, server, remote):
    wrapped = remote.wrap_key(KeyWrapAlgorithm.rsa_oaep_256, DATA_KEY).encrypted_key
    try:
        server.allow(cloud.tenant, dossiers=["storageData"])
        with pytest.raises(HttpResponseError) as refusal:
            remote.unwrap_key(KeyWrapAlgorithm.rsa_oaep_256, wrapped)
        assert (refusal.value.status_code, refusal.value.error.code, refusal.value.error.innererror["code"]) == (403, "Forbidden", "ReasonNotAllowed")
        assert server.journal()[-1]["outcome"] == "refused" and server.journal()[-1]["code"] == "ReasonNotAllowed"
        (server.folder / "politique.yaml").write_text("cles: {dossiers: {motif: [vaultOperation]}}")
        with pytest.raises(HttpResponseError) as refusal:
            remote.unwrap_key(KeyWrapAlgorithm.rsa_oaep_256, wrapped)
        assert refusal.value.error.innererror["code"] == "PolicyUnreadable"
    finally:
        server.allow(cloud.tenant, dossiers=["vaultOperation"], archives=["vaultOperation"])
    assert remote.unwrap_key(KeyWrapAlgorithm.rsa_oaep_256, wrapped).key == DATA_KEY


def test_no_answer_means_no_and_an_answer_comes_back(server, remote):
    wrapped = remote.wrap_key(KeyWrapAlgorithm.rsa_oaep_256, DATA_KEY).encrypted_key
    server.stop()
    try:
        begin = time.monotonic()
        with pytest.raises(HttpResponseError) as refusal:
            remote.unwrap_key(KeyWrapAlgorithm.rsa_oaep_256, wrapped)
        assert refusal.value.status_code == 503 and int(refusal.value.response.headers["Retry-After"]) > 0
        assert time.monotonic() - begin < PROMPT_SECONDS
    finally:
        server.start()
    assert remote.unwrap_key(KeyWrapAlgorithm.rsa_oaep_256, wrapped).key == DATA_KEY


def test_another_vault_is_not_admitted(cloud, az, group, server):
    name = unique("ext")
    url = make_vault(cloud, group, name)
    az("keyvault", "ekm-connection", "create", "--id", url, "--host", f"{HOST}:{server.port}", "--server-ca-certificate", server.authority)
    answer = vault_session(cloud).post(f"{url}/ekm/check?api-version={EKM_VERSION}", timeout=30)
    assert answer.status_code == 503, answer.text


def test_a_vault_connects_to_no_host_that_the_operator_did_not_allow(cloud, server, vault_url):
    session = vault_session(cloud)
    for host in ("127.0.0.1", "localhost", f"other.{HOST}", "169.254.169.254"):
        answer = session.patch(f"{vault_url}/ekm?api-version={EKM_VERSION}", json={"host": f"{host}:{server.port}"}, timeout=30)
        assert answer.status_code == 403 and answer.json()["error"]["innererror"]["code"] == "EkmHostNotAllowed", answer.text
    assert session.get(f"{vault_url}/ekm?api-version={EKM_VERSION}", timeout=30).json()["host"] == f"{HOST}:{server.port}"


def test_a_server_of_another_authority_is_not_believed(cloud, az, server, workspace, vault_url, remote):
    other = KeyServer(workspace / unique("keys"))
    session = vault_session(cloud)
    # The customer's own port, and the authority of somebody else.
    der = base64.b64encode(ssl.PEM_cert_to_DER_cert(other.authority.read_text())).decode()
    true = session.get(f"{vault_url}/ekm?api-version={EKM_VERSION}", timeout=30).json()["server_ca_certificates"]
    try:
        changed = session.patch(f"{vault_url}/ekm?api-version={EKM_VERSION}", json={"server_ca_certificates": [der]}, timeout=30)
        assert changed.status_code == 200, changed.text
        with pytest.raises(HttpResponseError) as refusal:
            remote.wrap_key(KeyWrapAlgorithm.rsa_oaep_256, DATA_KEY)
        assert refusal.value.status_code == 503
    finally:
        session.patch(f"{vault_url}/ekm?api-version={EKM_VERSION}", json={"server_ca_certificates": true}, timeout=30)
    assert remote.wrap_key(KeyWrapAlgorithm.rsa_oaep_256, DATA_KEY).encrypted_key


@pytest.mark.parametrize(
    "body, code", (
        ({"attributes": {"external_key": {"id": "dossiers"}}, "kty": "RSA"}, "BadParameter"), ({"attributes": {"external_key": {"id": "a/b"}}}, "BadParameter"),
        ({"attributes": {"external_key": {}}}, "BadParameter"), ({"attributes": {"external_key": {"id": "unknown"}}}, "KeyNotFound")))
def test_what_is_no_external_key_is_refused(cloud, server, vault_url, body, code):
    answer = vault_session(cloud).post(f"{vault_url}/keys/{unique('key')}/create?api-version={EKM_VERSION}", json=body, timeout=30)
    assert answer.json()["error"]["code"] == code, answer.text


def test_an_external_key_does_nothing_else(cloud, server, client, rsa, vault_url):
    session = vault_session(cloud)
    value = base64.urlsafe_b64encode(bytes(32)).decode().rstrip("=")
    for verb, algorithm in (("encrypt", "RSA-OAEP-256"), ("sign", "RS256")):
        answer = session.post(f"{vault_url}/keys/records/{verb}?api-version={EKM_VERSION}", json={"alg": algorithm, "value": value}, timeout=30)
        assert (answer.status_code, answer.json()["error"]["innererror"]["code"]) == (403, "KeyOperationForbidden"), answer.text
    with pytest.raises(HttpResponseError) as refusal:
        client.rotate_key("records")
    assert refusal.value.status_code == 403
    with pytest.raises(HttpResponseError) as refusal:
        client.create_rsa_key("records")
    assert refusal.value.status_code == 400
    assert client.get_key("records").id == rsa


def test_the_next_version_names_the_next_key(cloud, az, server, client, vault, rsa):
    az("keyvault", "key", "create", "--vault-name", vault, "-n", "turned", "--external-key-id", "dossiers")
    wrapped = Remote(client.get_key("turned"), cloud).wrap_key(KeyWrapAlgorithm.rsa_oaep_256, DATA_KEY)
    server.command("key", "dossiers-2", "--kind", "RSA-3072")
    server.allow(cloud.tenant, dossiers=["vaultOperation"], dossiers_2=["vaultOperation"], archives=["vaultOperation"])
    az("keyvault", "key", "create", "--vault-name", vault, "-n", "turned", "--external-key-id", "dossiers-2")
    assert len(list(client.list_properties_of_key_versions("turned"))) == 2
    old = Remote(client.get_key("turned", wrapped.key_id.rsplit("/", 1)[1]), cloud)
    assert old.unwrap_key(KeyWrapAlgorithm.rsa_oaep_256, wrapped.encrypted_key).key == DATA_KEY
    assert Remote(client.get_key("turned"), cloud).wrap_key(KeyWrapAlgorithm.rsa_oaep_256, DATA_KEY).encrypted_key
    assert server.journal()[-1]["key"] == "dossiers-2"


def test_each_use_and_refusal_and_silence_is_in_the_ledger(cloud, server, remote, rsa):
    """The other half of the customer's journal: the same requests, told by the platform."""

    def uses():
        found = [line["entry"] for line in entries(cloud) if line["entry"]["kind"] == "key.use" and line["entry"]["subject"] == rsa]
        return [(entry["outcome"], entry["facts"].get("code"), entry.get("request")) for entry in found if entry["facts"].get("external") == "dossiers"]

    server.allow(cloud.tenant, dossiers=["vaultOperation"])
    wrapped = remote.wrap_key(KeyWrapAlgorithm.rsa_oaep_256, DATA_KEY).encrypted_key
    answered = server.journal()[-1]["request"]
    server.allow(cloud.tenant)
    with pytest.raises(HttpResponseError):
        remote.unwrap_key(KeyWrapAlgorithm.rsa_oaep_256, wrapped)
    refused = server.journal()[-1]["request"]
    server.stop()
    with pytest.raises(HttpResponseError):
        remote.unwrap_key(KeyWrapAlgorithm.rsa_oaep_256, wrapped)
    server.start()
    server.allow(cloud.tenant, dossiers=["vaultOperation"])
    wanted = {("succeeded", None, answered), ("refused", "KeyNotAllowed", refused)}
    # Others' silences are there before: this one is the last of the three.
    awaited(lambda: wanted <= set(told := uses()) and told[-1][:2] == ("failed", "ServiceUnavailable"), "the three entries")


def test_a_storage_account_lives_under_an_external_key(cloud, az, group, server, vault, vault_url):
    name, content = unique("ext"), b"written under a key that was never here"
    server.allow(cloud.tenant, dossiers=["storageData", "diskData"])
    az("keyvault", "key", "create", "--vault-name", vault, "-n", "storage", "--external-key-id", "dossiers")
    made = az("storage", "account", "create", "-n", name, "-g", group, "-l", "paris", "--sku", "Standard_LRS", "--identity-type", "SystemAssigned")
    give_role(cloud, vault_path(cloud, group, vault), ENCRYPTION_USER, made["identity"]["principalId"])
    az("storage", "account", "update", "-n", name, "-g", group, "--encryption-key-source", "Microsoft.Keyvault", "--encryption-key-vault", vault_url,
       "--encryption-key-name", "storage")
    secret = az("storage", "account", "keys", "list", "-n", name, "-g", group)[0]["value"]
    blobs = BlobServiceClient(cloud.blob(name), credential={"account_name": name, "account_key": secret}, retry_total=0)
    container = blobs.create_container("data")
    container.upload_blob("blob", content)

    def read():
        assert container.download_blob("blob").readall() == content

    read()
    asked = [line for line in server.journal() if line.get("subject", "").endswith(f"/storageAccounts/{name}")]
    assert {line["reason"] for line in asked} == {"storageData"} and any(line["outcome"] == "answered" for line in asked)
    # One reason is taken away, and the other stays.
    server.allow(cloud.tenant, dossiers=["diskData"])
    wait(read, (403, "KeyVaultEncryptionKeyNotFound"), CLOSED_SECONDS)
    assert server.journal()[-1]["code"] == "ReasonNotAllowed"
    server.allow(cloud.tenant, dossiers=["storageData", "diskData"])
    wait(read, None, OPEN_SECONDS)
    # No answer means no, and nothing is lost by it.
    server.stop()
    try:
        end = time.monotonic() + CLOSED_SECONDS
        while code(read) is None:
            assert time.monotonic() < end, "it is still read without the customer's server"
            time.sleep(0.5)
    finally:
        server.start()
    wait(read, None, OPEN_SECONDS)
