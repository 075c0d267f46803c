"""The market's offers compared with a need, as an operator does it: no cloud runs."""

import json
import os
import shutil
import subprocess
from datetime import date, timedelta
from html.parser import HTMLParser

import pytest

from cloud import LAUNCHER, REPOSITORY, clean_environment

SHIPPED = REPOSITORY / "Sources/Offers/Resources"
NEEDS = ("hopital", "ministere", "mairie")
DAY = "2026-11-25"
# A comparison reads two small files; a machine that runs other tests meanwhile is slow.
SECONDS = 60


def compare(*arguments, check=True, cwd=None):
    done = subprocess.run(
        [LAUNCHER, "compare", *map(str, arguments)], env=clean_environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=cwd, timeout=SECONDS)
    if check and done.returncode != 0:
        raise AssertionError(f"cocagne compare {arguments}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def refusal(*arguments):
    """What is said of an input that is refused: in both languages, and nothing on standard output."""
    done = compare(*arguments, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout == ""
    french, english = done.stderr.strip().split("\n    ", 1)
    assert french and english and french != english
    return done.stderr


@pytest.fixture
def facts(tmp_path):
    """A file of facts of one's own."""
    return shutil.copy(SHIPPED / "offers.yaml", tmp_path / "offers.yaml")


@pytest.fixture
def need(tmp_path):
    return shutil.copy(SHIPPED / "needs/ministere.yaml", tmp_path / "need.yaml")


class Page(HTMLParser):
    VOID = {"meta", "br", "rect", "path", "link", "img", "input"}

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.ids, self.links, self.words, self.tags = [], set(), set(), [], set()
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.add(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        self.ids.add(attributes.get("id"))
        if "href" in attributes:
            self.links.add(attributes["href"])

    def handle_startendtag(self, tag, attributes):
        self.tags.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(self.words)


@pytest.mark.parametrize("name", NEEDS)
def test_each_shipped_need_is_compared_and_printed(name, tmp_path):
    out = tmp_path / "report.html"
    said = compare("--need", name, "--date", DAY, "--out", out).stdout
    assert "catalogue de l'ANSSI" in said and "ANSSI's catalogue" in said
    assert out.stat().st_mode & 0o777 == 0o644
    page = Page(out.read_text())
    assert page.tags.isdisjoint({"script", "link", "img", "iframe"})
    # Every citation leads to a source on the same page.
    assert page.links and {link.removeprefix("#") for link in page.links} <= page.ids
    for wanted in ("Critères éliminatoires", "Sensibilité de l'ordre", "Questions à poser", "à revérifier", DAY):
        assert wanted in page.text


def test_a_need_in_a_file_is_a_need_like_any_other(need):
    from_file = json.loads(compare("--need", need, "--date", DAY, "--json").stdout)
    assert from_file == json.loads(compare("--need", "ministere", "--date", DAY, "--json").stdout)


def test_no_offer_under_way_does_for_article_31_but_it_has_a_dated_scenario():
    offers = json.loads(compare("--need", "ministere", "--date", DAY, "--json").stdout)["offers"]
    under_way = [offer for offer in offers if offer["id"] in ("bleu", "scaleway")]
    assert [offer["eligibility"] for offer in under_way] == ["non_eligible"] * 2
    assert all("si J3" in offer["scenario"]["fr"] and "avant le 2027-01-04" in offer["scenario"]["fr"] for offer in under_way)


def test_every_cell_that_rests_on_a_fact_cites_source_and_date():
    answer = json.loads(compare("--need", "hopital", "--date", DAY, "--json").stdout)
    dates = {source["key"]: source.get("date") for source in answer["sources"]}
    cited = [
        evidence for offer in answer["offers"] for cell in offer["criteria"] + [measure for axis in offer["axes"] for measure in axis["measures"]]
        for evidence in cell["evidence"]]
    assert cited
    for evidence in cited:
        assert evidence["sources"]
        assert all(source.get("date") == dates[source["key"]] for source in evidence["sources"])


def test_a_fact_is_to_be_looked_up_again_after_31_days():
    def stale(day):
        answer = json.loads(compare("--need", "mairie", "--date", day, "--json").stdout)
        return {source["key"]: source["isStale"] for source in answer["sources"]}

    last = date(2026, 9, 29) + timedelta(days=31)
    assert stale(last.isoformat())["ANSSI-REL3"] is False
    assert stale((last + timedelta(days=1)).isoformat())["ANSSI-REL3"] is True
    assert stale("2026-09-29")["CATALOGUE"] is True


def test_profiles_and_sets_of_weights_change_the_marks(tmp_path):
    def totals(*options):
        answer = json.loads(compare("--need", "mairie", "--date", DAY, "--json", *options).stdout)
        return {offer["id"]: offer["total"]["low"] for offer in answer["offers"]}, answer["weights"]

    plain, weights = totals()
    assert weights["name"] == "depart" and sum(weights["points"].values()) == 100
    assert totals("--profile", "dsi")[0] != totals("--profile", "rssi")[0] != plain
    marks, csf = totals("--profile", "rssi", "--weights", "csf")
    assert csf["name"] == "csf" and [item["points"] for item in csf["mapping"]] == [15, 10, 10, 15, 20, 15, 10, 5]
    own = tmp_path / "w.yaml"
    own.write_text('schema: 1\nnom: "clés"\nsource: "notre comité"\npoids: {cles: 100}\n')
    marks, weights = totals("--weights", own)
    assert weights["name"] == "clés" and marks["ovh-hpc-vmware"] == 25


def test_the_english_report_speaks_english(tmp_path):
    said = compare("--need", "ministere", "--date", DAY, "--english", "--out", tmp_path / "r.html").stdout
    assert "eligible with reservations" in said and "éligible" not in said
    assert "Knock-out criteria" in (tmp_path / "r.html").read_text()


def test_the_shipped_facts_are_valid():
    assert "13 offres" in compare("facts", "check").stdout


def test_a_fact_is_added_and_the_rest_of_the_file_stays(facts):
    before = facts.read_bytes()
    facts.chmod(0o640)
    compare(
        "facts", "add", "--file", facts, "--source", "ANSSI-PDF", "--what", "catalogue de l'ANSSI de novembre", "--date", "2026-11-20", "--reliability", "bonne",
        "--offer", "outscale", "--fact", "seal", "--value", "SEAL-2", "--precision", "dit « niveau 2 » # sic")
    after = facts.read_bytes()
    added = [line for line in after.splitlines(keepends=True) if line not in before.splitlines(keepends=True)]
    assert [line.decode().strip() for line in added] == [
        'ANSSI-PDF: {quoi: "catalogue de l\'ANSSI de novembre", date: 2026-11-20, fiabilite: bonne}',
        'seal: {valeur: SEAL-2, precision: "dit « niveau 2 » # sic", source: ANSSI-PDF}']
    for line in added:
        after = after.replace(line, b"")
    assert after == before
    assert facts.stat().st_mode & 0o777 == 0o640
    assert "30 sources" in compare("facts", "check", facts).stdout


def test_a_renewal_that_is_added_makes_an_offer_eligible(facts, tmp_path):
    def outscale():
        answer = json.loads(compare("--need", "ministere", "--facts", facts, "--date", DAY, "--json").stdout)
        return next(offer for offer in answer["offers"] if offer["id"] == "outscale")

    assert outscale()["eligibility"] == "non_eligible"
    renewal = [
        "facts", "add", "--file", facts, "--offer", "outscale", "--fact", "statut", "--value", "qualifie", "--with", "du=2026-11-28", "--with", "au=2029-11-28",
        "--source", "ANSSI-REL1"]
    assert "--replace" in refusal(*renewal)
    compare(*renewal, "--replace")
    assert outscale()["eligibility"] == "sous_reserve"


def test_a_link_to_the_facts_stays_a_link(facts, tmp_path):
    link = tmp_path / "link.yaml"
    link.symlink_to(facts)
    compare("facts", "add", "--file", link, "--offer", "bleu", "--fact", "seal", "--value", "SEAL-1", "--source", "ARTICLE")
    assert link.is_symlink() and "seal: {valeur: SEAL-1, source: ARTICLE}" in facts.read_text()


@pytest.mark.parametrize("arguments, said", [
    (["--offer", "nulle-part", "--fact", "seal", "--value", "SEAL-1", "--source", "ARTICLE"], "nulle-part"),
    (["--offer", "bleu", "--fact", "seal", "--value", "SEAL-1", "--source", "PERSONNE"], "PERSONNE"),
    (["--offer", "bleu", "--fact", "seal", "--value", "SEAL-7", "--source", "ARTICLE"], "SEAL-7"),
    (["--offer", "bleu", "--fact", "humeur", "--value", "bonne", "--source", "ARTICLE"], "humeur"),
    (["--offer", "bleu", "--fact", "dependance", "--value", "nuage", "--source", "ARTICLE"], "nuage"),
    (["--offer", "bleu", "--fact", "seal", "--value", "SEAL-1"], "--source"),
    (["--source", "NEUVE", "--what", "x", "--date", "2026-02-30", "--reliability", "bonne"], "date"),
    (["--source", "ARTICLE", "--what", "x", "--date", "2026", "--reliability", "bonne"], "ARTICLE"),
])
def test_what_would_not_be_valid_is_refused_and_changes_nothing(facts, arguments, said):
    before, status = facts.read_bytes(), facts.stat()
    assert said in refusal("facts", "add", "--file", facts, *arguments)
    assert facts.read_bytes() == before and facts.stat().st_ino == status.st_ino
    assert os.listdir(facts.parent) == [facts.name]


def line_of(text, part):
    return next(number for number, line in enumerate(text.splitlines(), 1) if part in line)


@pytest.mark.parametrize("old, new, at", [
    ("  - id: outscale", "  - id: bleu", "nom: \"Outscale"),
    ("source: LMI-DASSAULT}", "source: LMI}", "source: LMI}"),
    ("valeur: outscale, source", "valeur: nulle-part, source", "nulle-part"),
    (', source: LMI-DASSAULT}', "}", "Dassault Aviation, contrat"),
    ("au: 2026-11-30", "au: 2026-11-31", "2026-11-31"),
    ("du: 2026-07-31, au: 2028-05-30", "du: 2028-05-31, au: 2028-05-30", "2028-05-31"),
    ("exploitation:", "explotation:", "explotation:"),
    ("precision: \"absente", "remarque: \"absente", "remarque"),
    ("lecture: [\"3.2\"], source: PANORAMA", "lecture: [11.10], source: PANORAMA", "11.10"),
    ("date: 2025-04,", "date: 2025-14,", "2025-14"),
])
def test_faulty_facts_are_named_with_file_and_line(facts, old, new, at):
    text = facts.read_text()
    assert old in text
    faulty = text.replace(old, new, 1)
    facts.write_text(faulty)
    # An offer stands where its first member does.
    line = line_of(faulty, at) - (1 if "id: bleu" in new else 0)
    for arguments in (["facts", "check", facts], ["--need", "mairie", "--facts", facts, "--json"]):
        assert f"{facts}:{line} : " in refusal(*arguments)


@pytest.mark.parametrize("old, new", [
    ("services: [calcul,", "services: [voyance,"), ("jour_du_besoin: 2027-01-04", "jour_du_besoin: 2027-02-30"), ("  cles: cmek", "  cle: cmek"),
    ("  cles: cmek", "  cles: cmek\npoids: {sympathie: 100}"), ("  cles: cmek", "  cles: cmek\npoids: {cout: 40, cles: 59}"),
])
def test_a_faulty_need_is_named_with_file_and_line(need, old, new):
    text = need.read_text()
    assert old in text
    faulty = text.replace(old, new, 1)
    if "poids" in new:
        # At the end: what follows is of another member.
        faulty = text + new.split("\n")[1] + "\n"
    need.write_text(faulty)
    line = line_of(faulty, new.split("\n")[-1])
    assert f"{need}:{line} : " in refusal("--need", need)


@pytest.mark.parametrize("weights", ["poids: {cout: 99}", "poids: {cout: 50, prix: 50}", "poids: {cout: 200}"])
def test_faulty_weights_are_named_with_file_and_line(tmp_path, weights):
    path = tmp_path / "w.yaml"
    path.write_text(f'schema: 1\nnom: "x"\nsource: "y"\n{weights}\n')
    assert f"{path}:4 : " in refusal("--need", "mairie", "--weights", path)


@pytest.mark.parametrize("arguments, said", [
    (["--need", "mairie", "--weights", "doux"], "doux"), (["--need", "mairie", "--profile", "maire"], "maire"),
    (["--need", "mairie", "--date", "2026-02-30"], "2026-02-30"), (["--need", "absent.yaml"], "absent.yaml"),
    (["--need", "mairie", "--facts", "absent.yaml"], "absent.yaml"), (["facts", "check", "absent.yaml"], "absent.yaml"),
])
def test_what_does_not_exist_is_said(arguments, said):
    assert said in refusal(*arguments)


def test_a_refused_comparison_writes_no_page(tmp_path):
    out = tmp_path / "r.html"
    refusal("--need", "mairie", "--weights", "doux", "--out", out)
    assert not out.exists()


def test_a_folder_is_no_file(tmp_path):
    assert str(tmp_path) in refusal("facts", "check", tmp_path)
    out = tmp_path / "nowhere" / "r.html"
    assert str(out) in refusal("--need", "mairie", "--out", out)


def test_bytes_that_are_no_text_are_refused(facts):
    facts.write_bytes(b"\xff\xfe" + facts.read_bytes())
    assert "UTF-8" in refusal("facts", "check", facts)
