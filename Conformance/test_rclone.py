"""rclone's azureblob backend: with an account key on an address, and with a service principal on names."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cloud import unique

RCLONE = Path(sys.executable).parent / "rclone"


@pytest.fixture
def tree(tmp_path):
    """Files as people have them."""
    root = tmp_path / "tree"
    (root / "folder" / "deeper").mkdir(parents=True)
    (root / "small.txt").write_text("hello")
    (root / "empty").touch()
    (root / "folder" / "naïve name.bin").write_bytes(os.urandom(100_000))
    # Larger than rclone's upload chunk, so that it goes up in blocks.
    (root / "folder" / "deeper" / "large.bin").write_bytes(os.urandom(9 << 20))
    return root


def by_key(cloud, account, az, group, tmp_path):
    """A statically linked client does not resolve the cloud's names without further ado, so this one is given an address."""
    settings = {"account": account[0], "key": account[1], "endpoint": f"https://127.0.0.1:{cloud.port}/{account[0]}"}
    return [], settings, {}


def by_service_principal(cloud, account, az, group, tmp_path):
    """The lines for /etc/hosts, seen by this process alone."""
    if os.geteuid() != 0:
        pytest.skip("only root may show one process another /etc/hosts")
    made = az("ad", "sp", "create-for-rbac", "-n", unique("rclone"))
    scope = f"/subscriptions/{cloud.subscription}/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/{account[0]}"
    az("role", "assignment", "create", "--assignee", made["appId"], "--role", "Storage Blob Data Contributor", "--scope", scope)
    hosts = tmp_path / "hosts"
    names = [cloud.host("login"), cloud.host(f"{account[0]}.blob.core")]
    hosts.write_text("127.0.0.1 localhost\n" + "".join(f"127.0.0.1 {name}\n" for name in names))
    # rclone heeds `disable_instance_discovery` only where it takes the principal from the environment.
    settings = {"account": account[0], "env_auth": "true", "disable_instance_discovery": "true", "endpoint": cloud.blob(account[0])}
    principal = {"AZURE_TENANT_ID": made["tenant"], "AZURE_CLIENT_ID": made["appId"], "AZURE_CLIENT_SECRET": made["password"]}
    return ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', hosts], settings, principal


@pytest.mark.parametrize("proof", [by_key, by_service_principal])
def test_a_tree_is_copied_checked_listed_and_deleted(proof, cloud, account, az, group, tree, tmp_path):
    before, settings, principal = proof(cloud, account, az, group, tmp_path)
    environment = cloud.environment() | principal | {"RCLONE_CONFIG": "/dev/null", "RCLONE_CONFIG_CLOUD_TYPE": "azureblob"}
    environment |= {f"RCLONE_CONFIG_CLOUD_{name.upper()}": value for name, value in settings.items()}

    def rclone(*arguments, succeeds=True):
        done = subprocess.run(
            [*before, RCLONE, *arguments, "--ca-cert", cloud.ca, "--retries", "1"], env=environment, capture_output=True, text=True, timeout=120)
        assert (done.returncode == 0) == succeeds, done.stderr
        return done.stdout + done.stderr

    remote = f"cloud:{unique('box')}"
    rclone("mkdir", remote)
    rclone("copy", tree, remote + "/copied", "--azureblob-chunk-size", "4Mi")
    assert "0 differences found" in rclone("check", tree, remote + "/copied")
    assert "0 differences found" in rclone("check", "--download", tree, remote + "/copied")
    listed = sorted(line.strip().split(" ", 1)[1] for line in rclone("ls", remote).splitlines())
    assert listed == sorted(f"copied/{path.relative_to(tree)}" for path in tree.rglob("*") if path.is_file())
    (tree / "small.txt").write_text("changed")
    assert "1 differences found" in rclone("check", tree, remote + "/copied", succeeds=False)
    rclone("copy", tree, remote + "/copied")
    assert rclone("cat", remote + "/copied/small.txt") == "changed"
    # From blob to blob, by the service itself.
    rclone("copy", remote + "/copied", remote + "/again")
    assert "0 differences found" in rclone("check", remote + "/copied", remote + "/again")
    assert "0 differences found" in rclone("check", "--download", tree, remote + "/again")
    (tree / "empty").unlink()
    rclone("sync", tree, remote + "/again")
    assert "0 differences found" in rclone("check", tree, remote + "/again")
    assert "1 differences found" in rclone("check", remote + "/copied", remote + "/again", succeeds=False)
    rclone("delete", remote + "/again")
    rclone("delete", remote + "/copied")
    assert rclone("ls", remote) == ""
    rclone("rmdir", remote)
