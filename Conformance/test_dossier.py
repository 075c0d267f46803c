"""The dossier of a running cloud: built, read by tools that nobody here wrote, checked by two verifiers, and attacked."""

import csv
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from cloud import LAUNCHER, REPOSITORY, clean_environment

VERIFIER = REPOSITORY / "tools" / "verify-dossier"
JUDGE = Path(os.environ.get("OSCAL_PYTHON", REPOSITORY / ".venv" / "oscal" / "bin" / "python"))
# What the issue grants a dossier, with its PDF.
BUILD_SECONDS = 60
# Every control is looked at once, one after the other.
OBSERVE_SECONDS = 280
ITEMS = 278
KEY = "preuves/cle-publique.pem"
STATEMENT = "preuves/observations/CTL-IAM-03-1.json"
PIECE = b"%PDF-1.7 la politique du service\n"
VERDICTS = {"conforme", "non conforme", "non évalué", "sans objet"}


@pytest.fixture(scope="module")
def dossier(cloud, workspace):
    piece = workspace / "pssi.pdf"
    piece.write_bytes(PIECE)
    cloud.command(
        "secnumcloud", "document", "add", "pssi", str(piece), "--owner", "A. Martin", "--approver", "B. Durand", "--approved",
        time.strftime("%Y-%m-%d", time.gmtime()))
    example = workspace / "plan-actions.yaml"
    example.write_text(subprocess.run([LAUNCHER, "secnumcloud", "register", "example", "plan-actions"], capture_output=True, text=True, check=True).stdout)
    cloud.command("secnumcloud", "register", "set", "plan-actions", str(example))
    cloud.command("secnumcloud", "observe", timeout=OBSERVE_SECONDS)
    folder = workspace / "dossier"
    begin = time.monotonic()
    cloud.command("dossier", "build", "--scope", "iaas", "--out", str(folder), timeout=BUILD_SECONDS)
    assert time.monotonic() - begin < BUILD_SECONDS
    return folder


@pytest.fixture
def victim(dossier, tmp_path):
    """A copy to do harm to."""
    return Path(shutil.copytree(dossier, tmp_path / "dossier"))


def verify(folder, key=None):
    """What both verifiers say, who must agree: whether the dossier is sound, and in what words."""
    said = []
    for command in ([LAUNCHER, "dossier", "verify", folder], [VERIFIER, folder]):
        done = subprocess.run(
            command + (["--key", key] if key else []), env=clean_environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        assert done.returncode in (0, 1), done.stderr
        said.append((done.returncode == 0, done.stdout + done.stderr))
    assert said[0][0] == said[1][0], said
    return said[0][0], [text for _, text in said]


def refused(folder, *words, key=None):
    sound, texts = verify(folder, key)
    assert not sound
    for text in texts:
        for word in words:
            assert word in text, text


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


# What is in it


def test_both_verifiers_and_openssl_accept_it(dossier):
    sound, texts = verify(dossier)
    assert sound, texts
    sound, texts = verify(dossier, dossier / KEY)
    assert sound, texts
    for message, signature in (("MANIFESTE.json", "MANIFESTE.sig"), (STATEMENT, f"{STATEMENT}.sig")):
        subprocess.run(["openssl", "dgst", "-sha256", "-verify", KEY, "-signature", signature, message], cwd=dossier, check=True, capture_output=True)


def test_the_verifier_of_others_is_short_and_needs_nothing(dossier):
    assert len(VERIFIER.read_text().splitlines()) <= 300
    # `-I -S`: no packages, no paths of the user's.
    done = subprocess.run(["python3", "-I", "-S", VERIFIER, dossier], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_its_files_are_its_readers_alone(dossier):
    for path in [dossier, *dossier.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path


def test_the_oscal_is_accepted_by_trestle_and_by_nist(dossier):
    done = subprocess.run([JUDGE, REPOSITORY / "Conformance" / "oscal_validators.py", dossier / "oscal"], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "7 models accepted" in done.stdout


def test_those_judges_do_refuse(victim):
    results = victim / "oscal" / "assessment-results.json"
    document = json.loads(results.read_text())
    document["assessment-results"]["results"][0]["findings"][0]["target"]["status"]["state"] = "peut-etre"
    results.write_text(json.dumps(document))
    catalog = victim / "oscal" / "catalog.json"
    catalog.write_text(catalog.read_text().replace('"id":"snc-5"', '"id":"5"'))
    done = subprocess.run([JUDGE, REPOSITORY / "Conformance" / "oscal_validators.py", victim / "oscal"], capture_output=True, text=True, timeout=240)
    assert done.returncode == 1
    for judge in ("trestle", "NIST"):
        for name in ("assessment-results", "catalog"):
            assert re.search(f"^{judge}: {name}.json", done.stdout, re.MULTILINE), done.stdout


def test_the_grid_opens_as_a_table_and_as_a_workbook(dossier):
    text = (dossier / "grille.csv").read_bytes().decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))
    assert len(rows) == 1 + ITEMS
    assert {row[7] for row in rows[1:]} <= VERDICTS
    for row in rows[1:]:
        paths, digests = row[11].split("\n"), row[10].split("\n")
        assert [digest(dossier / path) for path in paths if path] == [each for each in digests if each], row
    read = "import json, openpyxl, sys\nsheet = openpyxl.load_workbook(sys.argv[1]).active\nprint(json.dumps([[cell or '' for cell in row] for row in sheet.values]))"
    done = subprocess.run([JUDGE, "-c", read, dossier / "grille.xlsx"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    sheet = json.loads(done.stdout)
    # What is kept from being a formula in the table needs no such guard in the workbook.
    assert [[cell.removeprefix("'") for cell in row] for row in rows] == sheet
    assert subprocess.run(["python3", "-m", "zipfile", "-t", dossier / "grille.xlsx"], capture_output=True).returncode == 0


def test_the_report_is_printed_and_holds_what_was_observed(cloud, dossier):
    pdf = (dossier / "dossier.pdf").read_bytes()
    assert pdf.startswith(b"%PDF-") and pdf.rstrip().endswith(b"%%EOF")
    html = (dossier / "dossier.html").read_text()
    status = json.loads(cloud.command("secnumcloud", "status", "--json").stdout)
    assert status
    assert html.count('<article class="item') == ITEMS
    assert not re.search(r"https?:|src=|url\(|<script|<link", html)
    assert cloud.host("login") in html, "the architecture is drawn from the live inventory"
    assert "ne se prouvent pas par du code" in html


def test_every_proof_is_what_was_filed(dossier):
    pieces = list((dossier / "preuves" / "pieces" / "pssi").iterdir())
    assert [piece.read_bytes() for piece in pieces] == [PIECE]
    assert len(list((dossier / "preuves" / "registres" / "plan-actions").iterdir())) == 1
    statements = [json.loads(path.read_text()) for path in (dossier / "preuves" / "observations").glob("*.json")]
    assert len({statement["control"] for statement in statements}) >= 30
    assert all(statement["verdict"] in VERDICTS and statement["time"] and statement["items"] for statement in statements)


def test_the_import_of_ciso_assistant_has_each_item(dossier):
    rows = list(csv.DictReader(io.StringIO((dossier / "ciso-assistant.csv").read_text(), newline="")))
    assert len(rows) == ITEMS
    assert {row["compliance_result"] for row in rows} <= {"compliant", "non_compliant", "not_assessed", "not_applicable"}
    assert all(row["urn"].endswith(":" + row["ref_id"]) for row in rows)


# Its place


def test_without_a_pdf_and_in_english(cloud, workspace):
    folder = workspace / "english"
    cloud.command("dossier", "build", "--scope", "saas", "--out", str(folder), "--no-pdf", "--english", timeout=BUILD_SECONDS)
    assert not (folder / "dossier.pdf").exists()
    assert "Compliance dossier" in (folder / "dossier.html").read_text()
    assert json.loads((folder / "MANIFESTE.json").read_text())["scope"] == "SaaS"
    assert verify(folder)[0]


def test_a_folder_of_somebody_elses_is_left_alone(cloud, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    done = cloud.command("dossier", "build", "--scope", "iaas", "--out", str(tmp_path), "--no-pdf", check=False, timeout=BUILD_SECONDS)
    assert done.returncode != 0
    assert "n'est pas vide" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


# Attacks


@pytest.mark.parametrize("name", ["dossier.pdf", "grille.csv", "oscal/assessment-results.json", STATEMENT, KEY])
def test_a_changed_file_is_found(dossier, victim, name):
    path = victim / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    refused(victim, name, key=dossier / KEY)


def test_a_missing_file_is_found(victim):
    (victim / "grille.xlsx").unlink()
    refused(victim, "grille.xlsx manque")


def test_an_added_file_is_found(victim):
    (victim / "preuves" / "observations" / "CTL-IAM-03-9.json").write_text("{}")
    refused(victim, "preuves/observations/CTL-IAM-03-9.json a été ajouté")


def test_a_renamed_file_is_found(victim):
    (victim / "grille.csv").rename(victim / "grille-2.csv")
    refused(victim, "grille.csv", "grille-2.csv")


def test_a_manifest_that_was_changed_with_its_file_is_found(victim):
    manifest = victim / "MANIFESTE.json"
    before = digest(victim / "grille.csv")
    size = (victim / "grille.csv").stat().st_size
    (victim / "grille.csv").write_bytes(b"x" * size)
    manifest.write_text(manifest.read_text().replace(before, digest(victim / "grille.csv")))
    refused(victim, "la signature du manifeste")


def test_a_missing_manifest_or_signature_is_found(victim):
    (victim / "MANIFESTE.sig").unlink()
    refused(victim, "MANIFESTE.sig")
    (victim / "MANIFESTE.json").unlink()
    refused(victim, "MANIFESTE.json")


def test_a_dossier_signed_anew_by_another_key_is_found(dossier, victim, tmp_path):
    forger = tmp_path / "forger.pem"
    subprocess.run(["openssl", "ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", forger], check=True)
    manifest = victim / "MANIFESTE.json"
    before = digest(victim / KEY)
    subprocess.run(["openssl", "ec", "-in", forger, "-pubout", "-out", victim / KEY], check=True, capture_output=True)
    der = subprocess.run(["openssl", "ec", "-in", forger, "-pubout", "-outform", "DER"], check=True, capture_output=True).stdout
    named = json.loads(manifest.read_text())["key"]
    text = manifest.read_text().replace(before, digest(victim / KEY)).replace(named, hashlib.sha256(der).hexdigest())
    manifest.write_text(text.replace(f'"bytes": {(dossier / KEY).stat().st_size}', f'"bytes": {(victim / KEY).stat().st_size}'))
    subprocess.run(["openssl", "dgst", "-sha256", "-sign", forger, "-out", victim / "MANIFESTE.sig", manifest], check=True)
    # Whoever has the platform's key sees it at once; the statements betray it to those who have not.
    refused(victim, "la signature du manifeste", key=dossier / KEY)
    refused(victim, "la signature de preuves/observations/")


def test_a_statement_with_the_signature_of_another_is_found(victim):
    shutil.copy(victim / "preuves/observations/CTL-IAM-01-1.json.sig", victim / f"{STATEMENT}.sig")
    refused(victim, f"la signature de {STATEMENT}")


def test_a_link_in_the_place_of_a_file_is_found(victim, tmp_path):
    shutil.move(victim / "grille.csv", tmp_path / "grille.csv")
    (victim / "grille.csv").symlink_to(tmp_path / "grille.csv")
    refused(victim, "grille.csv")
