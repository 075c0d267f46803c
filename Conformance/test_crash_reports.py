"""What a crash leaves behind says where it was, and nothing of what was in memory."""

import os
import secrets
import signal
import time
from contextlib import suppress
from pathlib import Path

from cloud import unique
from vaults import make_vault, vault_session

# The runtime's report of a crash takes its time.
REPORT_SECONDS = 90
HELD_SECONDS = 10
REPORTED = b"Backtrace took"
CORE_LIMIT = "Max core file size"


def test_a_crash_leaves_no_secret_and_no_bytes_of_memory(own_cloud):
    cloud = own_cloud()
    group, name = unique("rg"), unique("kv")
    cloud.make_group(group)
    url, session = make_vault(cloud, group, name), vault_session(cloud)
    planted = "planted-" + secrets.token_hex(12)
    for _ in range(3):
        assert session.put(f"{url}/secrets/s?api-version=7.4", json={"value": planted}, timeout=30).status_code == 200
        assert session.get(f"{url}/secrets/s?api-version=7.4", timeout=30).json()["value"] == planted
    pid = cloud.pid
    # One byte is no core file, where it would be piped to a program neither.
    limit = next(line for line in Path(f"/proc/{pid}/limits").read_text().splitlines() if line.startswith(CORE_LIMIT))
    assert limit.removeprefix(CORE_LIMIT).split()[:2] == ["1", "1"]
    folder = Path(os.readlink(f"/proc/{pid}/cwd"))
    before = set(folder.glob("core*"))
    os.kill(pid, signal.SIGSEGV)
    log, deadline = cloud.data / "cocagne.log", time.monotonic() + REPORT_SECONDS
    # Without the runtime's reporter beside it, a crash leaves no report at all.
    while Path(f"/proc/{pid}/exe").exists() and REPORTED not in log.read_bytes():
        assert time.monotonic() < deadline, f"no report after {REPORT_SECONDS} s"
        time.sleep(0.1)
    # A signal from outside is not met again where it came, as a fault is: a second one ends the process. Where the thread that met the first has ended
    # meanwhile, the reporter holds all others for good.
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSEGV)
    try:
        cloud.wait_gone(pid, HELD_SECONDS)
    except AssertionError:
        os.kill(pid, signal.SIGKILL)
        cloud.wait_gone(pid, HELD_SECONDS)
    assert set(folder.glob("core*")) == before
    assert b"Registers:" not in log.read_bytes()
    for path in cloud.data.rglob("*"):
        if path.is_file():
            assert planted.encode() not in path.read_bytes(), path
    cloud.up()
    assert session.get(f"{url}/secrets/s?api-version=7.4", timeout=30).json()["value"] == planted
