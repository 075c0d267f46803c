"""Files in blobs through adlfs, in a process of its own: aiohttp takes the authorities that it trusts from the environment when it is imported.

    python adlfs_files.py HOST ACCOUNT KEY      by the account's key
    python adlfs_files.py HOST ACCOUNT          by the service principal of the environment
"""

import os
import sys
import tempfile
from pathlib import Path

from adlfs import AzureBlobFileSystem
from azure.identity.aio import ClientSecretCredential

from cloud import unique


def make_system(host, account, key=None):
    if key:
        options = {"account_key": key}
    else:
        options = {
            "credential": ClientSecretCredential(
                os.environ["AZURE_TENANT_ID"], os.environ["AZURE_CLIENT_ID"], os.environ["AZURE_CLIENT_SECRET"],
                authority=os.environ["AZURE_AUTHORITY_HOST"], disable_instance_discovery=True)
        }
    # Listings are asked for anew, or the service would not be looked at.
    return AzureBlobFileSystem(account_name=account, account_host=host, use_listings_cache=False, skip_instance_cache=True, **options)


def go_there_and_back(system, box, folder):
    tree = {"small.txt": b"hello", "empty": b"", "folder/deep/large.bin": os.urandom(9 << 20), "folder/naïve name.bin": os.urandom(100_000)}
    for name, data in tree.items():
        (folder / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "tree" / name).write_bytes(data)
    system.put(f"{folder}/tree/", f"{box}/tree/", recursive=True)
    assert sorted(system.find(f"{box}/tree")) == sorted(f"{box}/tree/{name}" for name in tree)
    assert {name: system.cat_file(f"{box}/tree/{name}") for name in tree} == tree
    assert sorted(system.glob(f"{box}/tree/folder/**/*.bin")) == sorted(f"{box}/tree/{name}" for name in tree if name.endswith(".bin"))
    system.get(f"{box}/tree/", f"{folder}/back/", recursive=True)
    assert {name: (folder / "back" / name).read_bytes() for name in tree} == tree


def write_in_blocks_and_read_in_parts(system, box, folder):
    data = os.urandom(5 << 20)
    with system.open(f"{box}/written", "wb", block_size=1 << 20) as file:
        for start in range(0, len(data), 300_000):
            file.write(data[start:start + 300_000])
    assert system.info(f"{box}/written")["size"] == len(data)
    with system.open(f"{box}/written", "rb", block_size=1 << 18) as file:
        file.seek(1_234_567)
        assert file.read(1000) == data[1_234_567:1_235_567]
        file.seek(-10, os.SEEK_END)
        assert file.read() == data[-10:]


def move_copy_and_remove(system, box, folder):
    system.pipe_file(f"{box}/a/one", b"1")
    system.cp_file(f"{box}/a/one", f"{box}/b/two")
    system.mv(f"{box}/a/one", f"{box}/b/three")
    assert sorted(system.ls(f"{box}/b", detail=False)) == [f"{box}/b/three", f"{box}/b/two"]
    assert not system.exists(f"{box}/a/one") and system.cat_file(f"{box}/b/three") == b"1"
    system.rm(f"{box}/b", recursive=True)
    assert not system.exists(f"{box}/b/two")
    try:
        system.cat_file(f"{box}/b/two")
    except FileNotFoundError:
        return
    raise AssertionError("a file that was removed can still be read")


def main():
    system = make_system(*sys.argv[1:])
    box = unique("box")
    system.mkdir(box)
    for check in (go_there_and_back, write_in_blocks_and_read_in_parts, move_copy_and_remove):
        with tempfile.TemporaryDirectory() as folder:
            check(system, box, Path(folder))
    system.rm(box, recursive=True)


main()
