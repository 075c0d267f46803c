"""adlfs, by which pandas, Dask and many others read and write blobs as files."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "adlfs_files.py"


@pytest.mark.parametrize("proof", ["key", "principal"])
def test_files_go_there_and_back_are_read_in_parts_moved_and_removed(proof, cloud, account):
    host = cloud.blob(account[0]).removeprefix("https://")
    done = subprocess.run(
        [sys.executable, SCRIPT, host, account[0], *([account[1]] if proof == "key" else [])], env=cloud.environment(), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
