"""The root key's way into a hardware security module, SoftHSM here, and life under it: what was stored is read, the file is gone, a missing module is said."""

import json
import os
import shutil
import subprocess

import pytest
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobServiceClient

from cloud import Cloud, free_port, unique

LIBRARY = next(
    (path for path in ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so") if os.path.exists(path)), "libsofthsm2.so")
PIN = "271828"
KEY_NAMES = ("root.key", "root.hsm", "root.hsm.next")
# Each step of a move, before which the process is killed.
STEPS = ("begin", "make", "settings", "rotate", "install", "retire", "destroy", "end")
TEXT = "Le dossier de la patiente. ".encode() * 2000


class Token:
    """A token of SoftHSM in a folder of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.tokens = folder / "tokens"
        self.away = folder / "away"
        self.tokens.mkdir(parents=True, mode=0o700)
        self.configuration = folder / "softhsm2.conf"
        self.configuration.write_text(f"directories.tokendir = {self.tokens}\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n")
        self.pin_file = folder / "pin"
        self.pin_file.write_text(PIN + "\n")
        self.pin_file.chmod(0o600)
        self.environment = {"SOFTHSM2_CONF": str(self.configuration)}
        subprocess.run(
            ["softhsm2-util", "--init-token", "--free", "--label", "cocagne", "--pin", PIN, "--so-pin", "314159"], check=True, capture_output=True,
            env=os.environ | self.environment)

    def take_away(self):
        self.tokens.rename(self.away)

    def bring_back(self):
        self.away.rename(self.tokens)

    def keys(self):
        """The names of the keys on the token, as another PKCS#11 program sees them, with what they may do."""
        listed = subprocess.run(
            ["pkcs11-tool", "--module", LIBRARY, "--token-label", "cocagne", "--login", "--pin", PIN, "--list-objects"], check=True, capture_output=True,
            text=True, env=os.environ | self.environment)
        return listed.stdout

    def move(self, cloud, check=True, environment=None):
        return cloud.command(
            "root-key", "move", "--library", LIBRARY, "--token", "cocagne", "--pin-file", str(self.pin_file), check=check,
            environment=self.environment | (environment or {}))


@pytest.fixture
def token(tmp_path):
    return Token(tmp_path / "hsm")


@pytest.fixture
def kept(workspace):
    """A cloud with a blob, stopped; and how the blob is read."""
    clouds = []

    def make(name=None):
        cloud = Cloud(workspace / (name or unique("key")), free_port())
        clouds.append(cloud)
        cloud.up()
        account = unique("acct")
        group = unique("rg")
        cloud.make_group(group)
        credential = cloud.make_account(group, account)
        cloud.read = lambda of=cloud: service(of, account, credential).get_blob_client("boite", "blob").download_blob().readall()
        cloud.write = lambda of=cloud: service(of, account, credential).get_blob_client("boite", unique("b")).upload_blob(TEXT)
        service(cloud, account, credential).create_container("boite").upload_blob("blob", TEXT)
        cloud.stop()
        return cloud

    yield make
    for cloud in clouds:
        cloud.remove_machines()
        cloud.stop()


def service(cloud, account, credential):
    return BlobServiceClient(cloud.blob(account), credential=credential, connection_verify=cloud.ca, retry_total=0)


def files(cloud):
    return [name for name in KEY_NAMES if (cloud.data / "keys" / name).exists()]


def status(cloud, token):
    return json.loads(cloud.command("root-key", "status", "--json", environment=token.environment).stdout)


def test_the_root_key_moves_into_the_module_for_good(kept, token):
    cloud = kept()
    file = cloud.data / "keys" / "root.key"
    old = file.read_bytes()
    assert status(cloud, token)["place"] == "file"
    said = token.move(cloud).stdout
    assert "écrasé et supprimé" in said and "overwritten and removed" in said
    assert files(cloud) == ["root.hsm"]
    found = status(cloud, token)
    assert found["place"] == "module" and found["interrupted"] is False and "failure" not in found
    listed = token.keys()
    assert listed.count("cocagne root key") == 2 and "never extractable" in listed, listed

    cloud.up(environment=token.environment)
    assert cloud.read() == TEXT
    cloud.write()
    for path in cloud.data.rglob("*"):
        if path.is_file():
            assert old not in path.read_bytes(), path
    assert PIN not in (cloud.data / "hsm.json").read_text()
    cloud.stop()

    # The old key opens nothing any more.
    (cloud.data / "keys" / "root.hsm").rename(cloud.data / "keys" / "aside")
    file.write_bytes(old)
    file.chmod(0o600)
    refused = cloud.up(check=False, environment=token.environment)
    assert refused.returncode != 0
    file.unlink()
    (cloud.data / "keys" / "aside").rename(cloud.data / "keys" / "root.hsm")

    again = token.move(cloud, check=False)
    assert again.returncode != 0 and "elle n'en sort pas" in again.stderr
    cloud.up(environment=token.environment)
    assert cloud.read() == TEXT


def test_without_its_module_a_cloud_says_so_and_does_not_start(kept, token):
    cloud = kept()
    token.move(cloud)
    token.take_away()
    refused = cloud.up(check=False, environment=token.environment)
    assert refused.returncode != 0
    said = refused.stdout + refused.stderr
    assert "ne démarre pas sans lui" in said and "does not start without it" in said, said
    assert "failure" in status(cloud, token)
    token.bring_back()

    token.pin_file.write_text("000000\n")
    wrong = cloud.up(check=False, environment=token.environment)
    assert wrong.returncode != 0 and "pinRefused" in wrong.stdout + wrong.stderr
    token.pin_file.write_text(PIN + "\n")
    token.pin_file.chmod(0o644)
    assert cloud.up(check=False, environment=token.environment).returncode != 0
    token.pin_file.chmod(0o600)

    settings = cloud.data / "hsm.json"
    text = settings.read_text()
    settings.unlink()
    missing = cloud.up(check=False, environment=token.environment)
    assert missing.returncode != 0 and "hsm.json" in missing.stdout + missing.stderr
    # The PIN may come from the environment instead of a file.
    settings.write_text(json.dumps(json.loads(text) | {"pinFile": None}))
    cloud.up(environment=token.environment | {"COCAGNE_HSM_PIN": PIN})
    assert cloud.read() == TEXT
    assert PIN not in (cloud.data / "cocagne.log").read_text()


def test_a_module_that_goes_away_is_a_503_and_everything_comes_back(kept, token):
    cloud = kept()
    token.move(cloud)
    cloud.up(environment=token.environment)
    token.take_away()
    with pytest.raises(HttpResponseError) as refused:
        cloud.read()
    assert refused.value.status_code == 503 and refused.value.error_code == "ServerBusy"
    assert int(refused.value.response.headers["Retry-After"]) > 0
    token.bring_back()
    assert cloud.read() == TEXT
    # What is in memory goes on without the module.
    token.take_away()
    assert cloud.read() == TEXT
    cloud.write()
    token.bring_back()


@pytest.mark.parametrize("step", STEPS)
def test_a_move_that_is_killed_goes_on(kept, token, step):
    cloud = kept()
    killed = token.move(cloud, check=False, environment={"COCAGNE_KILLED_BEFORE_STEP": step})
    assert killed.returncode == -9, killed.stderr
    is_installed = step in ("retire", "destroy", "end")
    assert ("root.hsm" in files(cloud)) == is_installed
    # A cloud that was left so starts, and has everything; one under the module ends the move by itself.
    cloud.up(environment=token.environment)
    assert cloud.read() == TEXT
    cloud.write()
    cloud.stop()
    assert files(cloud) == (["root.hsm"] if is_installed else [name for name in ("root.key", "root.hsm.next") if step != "begin" or name == "root.key"])
    again = token.move(cloud, check=False)
    assert (again.returncode == 0) != is_installed, again.stderr
    assert files(cloud) == ["root.hsm"]
    assert token.keys().count("cocagne root key") == 2
    cloud.up(environment=token.environment)
    assert cloud.read() == TEXT


def test_a_move_is_refused_where_it_cannot_be_made(kept, token):
    cloud = kept()
    cloud.up()
    running = token.move(cloud, check=False)
    assert running.returncode != 0 and "cocagne down" in running.stderr
    cloud.stop()
    for arguments in (
        ["--library", "/nowhere/libhsm.so", "--token", "cocagne"], ["--library", LIBRARY, "--token", "another"], ["--library", LIBRARY], [],
        ["--library", "libsofthsm2.so", "--token", "cocagne"],
    ):
        done = cloud.command("root-key", "move", *arguments, check=False, environment=token.environment | {"COCAGNE_HSM_PIN": PIN})
        assert done.returncode != 0, arguments
        assert "root.key" in files(cloud) and "root.hsm" not in files(cloud)
    cloud.up()
    assert cloud.read() == TEXT


def test_a_backup_under_the_module_is_restored_with_it_alone(kept, token, workspace, tmp_path):
    cloud = kept()
    old = tmp_path / "old.key"
    shutil.copy(cloud.data / "keys" / "root.key", old)
    token.move(cloud)
    cloud.up(environment=token.environment)
    folder = tmp_path / "sauvegarde"
    cloud.command("backup", "create", "--out", str(folder))
    tried = json.loads(cloud.command("backup", "test", str(folder), "--json").stdout)
    assert "failure" not in tried and tried["records"] > 0
    cloud.stop()
    other = Cloud(workspace / unique("back"), cloud.port)
    wrong = other.command("backup", "restore", str(folder), "--root-key", str(old), check=False)
    assert wrong.returncode != 0 and not (other.data / "records" / "cocagne.sqlite").exists()
    shutil.rmtree(other.data, ignore_errors=True)
    other.command("backup", "restore", str(folder), "--hsm", str(cloud.data / "hsm.json"), environment=token.environment)
    assert files(other) == ["root.hsm"]
    (other.data / "client").mkdir(mode=0o700, exist_ok=True)
    shutil.copy(cloud.data / "client" / "credentials.json", other.data / "client" / "credentials.json")
    try:
        other.up(environment=token.environment)
        assert cloud.read(other) == TEXT
    finally:
        other.stop()
