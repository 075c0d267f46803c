"""adlfs, by which pandas, Dask and many others read and write blobs as files."""

import os

import pytest
from adlfs import AzureBlobFileSystem

from cloud import unique


@pytest.fixture(scope="module", params=["key", "principal"])
def files(request, cloud, account):
    """A file system on a container of its own, by the account's key and by a service principal."""
    options = {"account_name": account[0], "account_host": cloud.blob(account[0]).removeprefix("https://")}
    if request.param == "key":
        options["account_key"] = account[1]
    else:
        from azure.identity.aio import ClientSecretCredential
        options["credential"] = ClientSecretCredential(
            cloud.tenant, cloud.client_id, cloud.client_secret, authority=cloud.authority, disable_instance_discovery=True)
    # Else fsspec gives everybody with the same options the same listing, old or not.
    system = AzureBlobFileSystem(**options, skip_instance_cache=True, use_listings_cache=False)
    box = unique("box")
    system.mkdir(box)
    yield system, box
    system.rm(box, recursive=True)


def test_a_tree_goes_there_and_back(files, tmp_path):
    system, box = files
    tree = {"small.txt": b"hello", "empty": b"", "folder/deep/large.bin": os.urandom(9 << 20), "folder/naïve name.bin": os.urandom(100_000)}
    for name, data in tree.items():
        (tmp_path / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tree" / name).write_bytes(data)
    system.put(f"{tmp_path}/tree/", f"{box}/tree/", recursive=True)
    assert sorted(system.find(f"{box}/tree")) == sorted(f"{box}/tree/{name}" for name in tree)
    assert {name: system.cat(f"{box}/tree/{name}") for name in tree} == tree
    assert system.glob(f"{box}/tree/**/*.bin") == sorted(f"{box}/tree/{name}" for name in tree if name.endswith(".bin"))
    system.get(f"{box}/tree/", f"{tmp_path}/back/", recursive=True)
    assert {name: (tmp_path / "back" / name).read_bytes() for name in tree} == tree


def test_a_file_is_written_in_blocks_and_read_in_parts(files):
    system, box = files
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


def test_files_are_moved_copied_and_removed(files):
    system, box = files
    system.pipe(f"{box}/a/one", b"1")
    system.cp(f"{box}/a/one", f"{box}/b/two")
    system.mv(f"{box}/a/one", f"{box}/b/three")
    assert sorted(system.ls(f"{box}/b", detail=False)) == [f"{box}/b/three", f"{box}/b/two"]
    assert not system.exists(f"{box}/a/one") and system.cat(f"{box}/b/three") == b"1"
    system.rm(f"{box}/b", recursive=True)
    assert not system.exists(f"{box}/b")
    with pytest.raises(FileNotFoundError):
        system.cat(f"{box}/b/two")
