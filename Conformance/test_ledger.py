"""The ledger: receipts that Microsoft's verifier accepts, attacks on exports and on the data directory that both verifiers name, witnesses, erasure."""

import base64
import copy
import json
import re
import shutil
import signal
import sqlite3
import subprocess
import threading

import pytest
import requests
from azure.confidentialledger.receipt import verify_receipt

from cloud import LAUNCHER, REPOSITORY, START_SECONDS, clean_environment, free_port, unique
from machines import wait_until

VERIFIER = REPOSITORY / "tools" / "verify-ledger"
# So that an export has leaves at several levels of whole and unfinished subtrees.
GROUPS = 40


def ledger(cloud, *arguments):
    return json.loads(cloud.command("ledger", *arguments, "--json").stdout)


def receipt(cloud, sequence):
    return json.loads(cloud.command("ledger", "receipt", str(sequence)).stdout)


def entries(cloud, *arguments):
    found, after = [], 0
    while True:
        page = ledger(cloud, "list", "--after", str(after), "--limit", "1000", *arguments)["entries"]
        found += page
        # Each look is entered as well: an empty page never comes.
        if len(page) < 1000:
            return found
        after = page[-1]["entry"]["sequence"]


def export(cloud, workspace):
    folder = workspace / unique("export")
    ledger(cloud, "export", "--out", str(folder))
    return folder


def kinds(folder, witness, *arguments):
    """What each verifier finds: names and nothing else."""
    ours = subprocess.run(
        [LAUNCHER, "ledger", "verify", "--data", folder, "--witness", witness, "--json", *arguments], env=clean_environment(), capture_output=True, text=True,
        check=False)
    theirs = subprocess.run([VERIFIER, "--data", folder, "--witness", witness, *arguments], capture_output=True, text=True, check=False)
    assert ours.stdout and theirs.stdout, ours.stderr + theirs.stderr
    found = {finding["kind"] for finding in json.loads(ours.stdout)["findings"]}, set(re.findall(r"^✗ \[([a-z-]+)\]", theirs.stdout, re.MULTILINE))
    for names, done in zip(found, (ours, theirs)):
        assert (done.returncode == 0) == (not names), done.stdout + done.stderr
    return found


def fill(cloud, prefix="rg", count=GROUPS):
    """Control-plane writes, and a head in the midst of them."""
    session = cloud.arm_session()
    for number in range(count):
        cloud.make_group(f"{prefix}{number:03}", session)
        if number % 10 == 9:
            cloud.command("ledger", "publish")


@pytest.fixture
def watched_cloud(own_cloud, workspace):
    """A cloud with a witness: a directory."""

    def make():
        data, witness = workspace / unique("own"), workspace / unique("witness")
        data.mkdir(mode=0o700)
        witness.mkdir()
        (data / "ledger.json").write_text(json.dumps({"witnesses": [{"name": "archive", "directory": str(witness), "history": 3}]}))
        return own_cloud(data), witness / "checkpoint"

    return make


class Notary:
    """A witness of another party: another process, behind HTTPS."""

    def __init__(self, folder, key):
        self.folder, self.port = folder, free_port()
        self.process = subprocess.Popen(
            [LAUNCHER, "ledger", "witness", "--data", folder, "--listen", f"127.0.0.1:{self.port}", "--name", "notary.example/1", "--log", key],
            env=clean_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        text = ""
        while "certificate.pem" not in text:
            line = self.process.stdout.readline()
            assert line, text
            text += line
        self.key = re.search(r"\S+\+[0-9a-f]{8}\+\S+", text).group(0)

    @property
    def settings(self):
        return {"name": "notary", "url": f"https://127.0.0.1:{self.port}", "key": self.key, "authority": str(self.folder / "certificate.pem")}

    @property
    def checkpoint(self):
        return next(self.folder.glob("*.checkpoint"))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(START_SECONDS)


def test_microsofts_verifier_accepts_the_receipt_of_every_entry_and_no_altered_one(watched_cloud):
    cloud, _ = watched_cloud()
    fill(cloud, count=12)
    size = ledger(cloud, "publish")["size"]
    assert size > 12
    other = watched_cloud()[0]
    foreign = receipt(other, 1)
    for sequence in range(1, size + 1):
        got = receipt(cloud, sequence)
        verify_receipt(got["receipt"], got["serviceCertificate"])
        entry = json.loads(got["entry"])
        assert entry["sequence"] == sequence
        altered = copy.deepcopy(got["receipt"])
        altered["leafComponents"]["writeSetDigest"] = foreign["receipt"]["leafComponents"]["writeSetDigest"]
        with pytest.raises(ValueError):
            verify_receipt(altered, got["serviceCertificate"])
        altered = copy.deepcopy(got["receipt"])
        altered["proof"] = altered["proof"][::-1]
        if altered["proof"] != got["receipt"]["proof"]:
            with pytest.raises(ValueError):
                verify_receipt(altered, got["serviceCertificate"])
        with pytest.raises(ValueError):
            verify_receipt(got["receipt"], foreign["serviceCertificate"])
    done = cloud.command("ledger", "receipt", str(size + 1000), check=False)
    assert done.returncode != 0 and str(size + 1000) in done.stderr


# Attacks on an export, by somebody who knows the format.


class Export:
    def __init__(self, folder):
        self.folder = folder

    def read(self, name):
        return (self.folder / name).read_text().splitlines()

    def write(self, name, lines):
        (self.folder / name).write_text("".join(line + "\n" for line in lines))

    @property
    def lines(self):
        return self.read("entries.ndjson")

    @lines.setter
    def lines(self, lines):
        self.write("entries.ndjson", lines)


def renumbered(lines):
    return [re.sub(r',"sequence":\d+', f',"sequence":{number}', line) for number, line in enumerate(lines, 1)]


def alter_entry(export):
    lines = export.lines
    lines[20] = lines[20].replace('"outcome":"succeeded"', '"outcome":"refused"')
    export.lines = lines


def alter_number(export):
    lines = export.lines
    lines[1] = lines[1].replace(',"sequence":2,', ',"sequence":777,')
    export.lines = lines


def remove_entry(export):
    lines = export.lines
    del lines[20]
    export.lines = lines


def remove_entry_and_number_anew(export):
    remove_entry(export)
    export.lines = renumbered(export.lines)


def remove_newest_everywhere(witnessed):
    """Leaves the greatest log that has not grown yet to what a witness has seen of it."""

    def attack(export):
        lines = export.read("heads.ndjson")
        sizes = [json.loads(line)["size"] for line in lines]
        size = max(size for size in sizes if size < witnessed)
        export.lines = export.lines[:size]
        export.write("leaves", export.read("leaves")[:size])
        export.write("heads.ndjson", [line for line, covered in zip(lines, sizes) if covered <= size])

    return attack


def remove_newest_entries(export):
    export.lines = export.lines[:-3]


def exchange(export):
    lines = export.lines
    lines[10], lines[20] = lines[20], lines[10]
    export.lines = lines


def exchange_and_number_anew(export):
    exchange(export)
    export.lines = renumbered(export.lines)


# Attacks on the records themselves, by somebody who has the disk.


def entry_key(number):
    """The place of an entry in the records."""
    return bytes(15) + b"\x01" + b"\x01ledger.entry\x01entry\x01" + f"{number:019}".encode() + b"\x01"


def on_disk(change):
    def attack(cloud):
        cloud.stop()
        connection = sqlite3.connect(cloud.data / "records" / "cocagne.sqlite")
        with connection:
            change(connection)
        connection.close()
        cloud.up()

    return attack


def value(connection, number):
    row = connection.execute("select value from record where key = ?", (entry_key(number),)).fetchone()
    assert row, f"entry {number} is not where it is expected"
    return row[0]


def alter_record(connection):
    old = value(connection, 21)
    new = old.replace(b'"outcome":"succeeded"', b'"outcome":"prevented"')
    assert new != old and len(new) == len(old)
    connection.execute("update record set value = ? where key = ?", (new, entry_key(21)))


def remove_record(connection):
    value(connection, 21)
    connection.execute("delete from record where key = ?", (entry_key(21),))


def exchange_records(connection):
    one, other = value(connection, 11), value(connection, 21)
    connection.execute("update record set value = ? where key = ?", (other, entry_key(11)))
    connection.execute("update record set value = ? where key = ?", (one, entry_key(21)))


def test_each_attack_is_named_by_both_verifiers(watched_cloud, own_cloud, workspace, table):
    cloud, witness = watched_cloud()
    fill(cloud, "a")
    cloud.stop()
    early = workspace / unique("early")
    shutil.copytree(cloud.data, early, symlinks=True, ignore=shutil.ignore_patterns("*.sock", "*.lock"))
    cloud.up()
    fill(cloud, "b", 10)
    cloud.command("ledger", "publish")
    honest = export(cloud, workspace)
    size = len((honest / "entries.ndjson").read_text().splitlines())
    assert size >= GROUPS + 10
    kept = workspace / unique("kept")
    shutil.copy(witness, kept)
    witnessed = int(kept.read_text().splitlines()[1])
    key = ledger(cloud, "status")["verifierKey"]
    assert kinds(honest, kept) == (set(), set()) and kinds(honest, kept, "--key", key) == (set(), set())

    # Those that come now are copies of it, down to what it has on the host.
    cloud.stop()
    rows = []

    def judge(name, where, folder, expected):
        found = kinds(folder, kept)
        rows.append((name, where, expected, *found))

    for name, attack, expected in (
        ("an altered entry", alter_entry, "altered-entry"), ("an altered number", alter_number, "altered-entry"),
        ("a removed entry", remove_entry, "removed-entry"),
        ("a removed entry, the rest numbered anew", remove_entry_and_number_anew, "removed-entry"),
        ("removed newest entries", remove_newest_entries, "removed-newest"),
        ("removed newest entries with all that tells of them", remove_newest_everywhere(witnessed), "removed-newest"),
        ("a reordered pair", exchange, "reordered"), ("a reordered pair, numbered anew", exchange_and_number_anew, "reordered")):
        folder = workspace / unique("export")
        shutil.copytree(honest, folder)
        attack(Export(folder))
        judge(name, "export", folder, expected)

    # A copy of the earlier data, with the platform's own keys, that goes on in another way: what the platform's operator could do.
    forked = own_cloud(copied(early, workspace))
    for step in range(2):
        fill(forked, f"other{step}", 12 * step + 2)
        forked.command("ledger", "publish")
        folder = export(forked, workspace)
        if step == 0:
            judge("removed newest entries: an earlier data directory", "data directory", folder, "removed-newest")
        else:
            judge("a forked history", "data directory", folder, "forked")
    forked.stop()

    for name, change, expected in (
        ("an altered entry", alter_record, "altered-entry"), ("a removed entry", remove_record, "removed-entry"),
        ("a reordered pair", exchange_records, "reordered")):
        attacked = own_cloud(copied(early, workspace))
        on_disk(change)(attacked)
        fill(attacked, "later", 20)
        attacked.command("ledger", "publish")
        judge(name, "data directory", export(attacked, workspace), expected)
        attacked.stop()

    # Another cloud under the same name, with keys of its own.
    stranger, _ = watched_cloud()
    fill(stranger, "a", size)
    judge("a wrong key", "data directory", export(stranger, workspace), "wrong-key")
    folder = workspace / unique("export")
    shutil.copytree(honest, folder)
    theirs = Export(export(stranger, workspace))
    Export(folder).write("heads.ndjson", theirs.read("heads.ndjson"))
    judge("a wrong key: the heads of another log", "export", folder, "wrong-key")

    lines = [f"{'attack':<52} {'made on':<15} {'cocagne ledger verify':<24} tools/verify-ledger"]
    lines += [f"{name:<52} {where:<15} {' '.join(sorted(ours)):<24} {' '.join(sorted(theirs))}" for name, where, _, ours, theirs in rows]
    table("\n".join(lines))
    for name, where, expected, ours, theirs in rows:
        assert expected in ours and expected in theirs, f"{name} ({where}): {ours}, {theirs}"
        # Nothing else is claimed, but for keys of another's, under which everything is another's.
        assert expected == "wrong-key" or len(ours) == 1 and ours == theirs, f"{name} ({where}): {ours}, {theirs}"


def copied(data, workspace):
    folder = workspace / unique("own")
    shutil.copytree(data, folder, symlinks=True)
    # The copy has no witness: its operator would not ask one.
    (folder / "ledger.json").write_text('{"witnesses": []}')
    return folder


def test_a_kill_during_appends_loses_no_entry_and_doubles_none(watched_cloud, workspace):
    cloud, witness = watched_cloud()
    acknowledged = []
    for round in range(3):
        session_count, stop = 4, threading.Event()

        def work(worker, round=round):
            session = cloud.arm_session()
            number = 0
            while not stop.is_set():
                name = f"k{round}w{worker}n{number}"
                path = f"/subscriptions/{cloud.subscription}/resourcegroups/{name}"
                try:
                    answer = session.put(cloud.arm_url(path), json={"location": "paris"}, timeout=30)
                except requests.RequestException:
                    return
                if answer.status_code in (200, 201):
                    acknowledged.append(path.lower())
                number += 1

        workers = [threading.Thread(target=work, args=(worker,)) for worker in range(session_count)]
        for worker in workers:
            worker.start()
        before = len(acknowledged)
        wait_until(lambda: len(acknowledged) >= before + 40, START_SECONDS, "forty acknowledged writes")
        cloud.kill()
        stop.set()
        for worker in workers:
            worker.join()
        cloud.up()
    cloud.command("ledger", "publish")
    found = [item["entry"] for item in entries(cloud)]
    assert [entry["sequence"] for entry in found] == list(range(1, len(found) + 1))
    assert len({entry["id"] for entry in found}) == len(found)
    subjects = [entry["subject"].lower() for entry in found if entry["kind"] == "control.write"]
    counts = {path: subjects.count(path) for path in acknowledged}
    assert set(counts.values()) == {1}, {path: count for path, count in counts.items() if count != 1}
    assert kinds(export(cloud, workspace), witness) == (set(), set())


def test_a_witness_of_another_party_cosigns_and_sees_a_fork(own_cloud, workspace):
    cloud = own_cloud()
    key = ledger(cloud, "status")["verifierKey"]
    notary = Notary(workspace / unique("notary"), key)
    try:
        cloud.stop()
        (cloud.data / "ledger.json").write_text(json.dumps({"witnesses": [notary.settings]}))
        cloud.up()
        fill(cloud, "a", 15)
        cloud.command("ledger", "publish")
        status = ledger(cloud, "status")
        assert [(item["size"], item.get("problem")) for item in status["witnesses"]] == [(status["head"]["size"], None)], status
        assert "— notary.example/1 " in status["head"]["checkpoint"]
        cloud.stop()
        copy_of_data = workspace / unique("own")
        shutil.copytree(cloud.data, copy_of_data, symlinks=True, ignore=shutil.ignore_patterns("*.sock", "*.lock"))
        cloud.up()
        fill(cloud, "true", 15)
        cloud.command("ledger", "publish")
        assert kinds(export(cloud, workspace), notary.checkpoint) == (set(), set())
        cloud.stop()

        forked = own_cloud(copy_of_data)
        seen = notary.checkpoint.read_text()
        for prefix in ("false", "more"):
            fill(forked, prefix, 15)
            forked.command("ledger", "publish")
            told = ledger(forked, "status")["witnesses"][0]
            assert told["contradicts"] and told["problem"], told
        assert "CONTREDIT" in forked.command("ledger", "status").stdout
        assert notary.checkpoint.read_text() == seen
        assert list((notary.folder / "contradictions").iterdir())
        assert kinds(export(forked, workspace), notary.checkpoint) == ({"forked"}, {"forked"})
        forked.stop()
        # A witness that is away is shown, and tried again.
        notary.stop()
        cloud.up()
        fill(cloud, "away", 3)
        cloud.command("ledger", "publish")
        told = ledger(cloud, "status")["witnesses"][0]
        assert told["problem"] and not told["contradicts"], told
    finally:
        notary.stop()


def test_who_is_erased_is_gone_and_the_log_still_verifies(watched_cloud, workspace):
    cloud, witness = watched_cloud()
    fill(cloud, count=4)
    before = export(cloud, workspace)
    mine = [item for item in entries(cloud, "--tenant", cloud.tenant) if item["personal"]]
    assert len(mine) >= 2
    assert all(item["entry"]["tenant"] == cloud.tenant for item in mine)
    # What is known of persons is told to the operator, and is in no export.
    known = {value for item in mine for name, value in item["personal"].items() if name in ("principal", "address")}
    text = (before / "entries.ndjson").read_text()
    assert known and not any(f'"{value}"' in text for value in known)
    chosen = [item["entry"]["sequence"] for item in mine[:2]]
    assert ledger(cloud, "erase", "--tenant", cloud.tenant, *(f"--sequence={number}" for number in chosen))["erased"] == 2
    left = {item["entry"]["sequence"]: item["personal"] for item in entries(cloud, "--tenant", cloud.tenant)}
    assert [left[number] for number in chosen] == [{}, {}]
    cloud.command("ledger", "publish")
    after = export(cloud, workspace)
    assert (after / "entries.ndjson").read_text().startswith(text)
    assert kinds(after, witness) == (set(), set())
    for number in chosen:
        got = receipt(cloud, number)
        verify_receipt(got["receipt"], got["serviceCertificate"])


def test_the_directory_of_a_witness_keeps_the_newest_checkpoint_and_the_last_ones(watched_cloud):
    cloud, witness = watched_cloud()
    fill(cloud, count=50)
    size = ledger(cloud, "publish")["size"]
    origin, kept, root = witness.read_text().splitlines()[:3]
    assert (origin, int(kept)) == (f"{cloud.variables['COCAGNE_DOMAIN']}/ledger", size) and len(base64.b64decode(root)) == 32
    history = sorted((witness.parent / "history").iterdir())
    assert len(history) == 3 and history[-1].read_text() == witness.read_text()
