"""What keeps tenants, networks and equipment apart and known, observed on a real cloud: weakened, seen, mended, seen again."""

import datetime
import json
import subprocess
import time
from pathlib import Path

import pytest

from cloud import unique
from machines import Arm, Host, wait_until

REPAIR_SECONDS = 20
OBSERVE_SECONDS = 120


def observe(cloud, control):
    return json.loads(cloud.command("secnumcloud", "observe", control, "--json", timeout=OBSERVE_SECONDS).stdout)


def verdict(cloud, control, item):
    """What a look now says of one item, and why."""
    (finding,) = [finding for finding in observe(cloud, control) if item in finding["items"]]
    return finding["verdict"], (finding.get("reason") or {}).get("fr", "")


def is_seen(cloud, control, item, wanted, part=""):
    found, reason = verdict(cloud, control, item)
    return found == wanted and part in reason


def file_register(cloud, workspace, name, text):
    path = workspace / f"{unique(name)}.yaml"
    path.write_text(text)
    cloud.command("secnumcloud", "register", "set", name, str(path))


class OtherArm(Arm):
    """Resources of another tenant."""

    def __init__(self, cloud, tenant):
        session = cloud.arm_session(client_id=tenant["clientId"], secret=tenant["clientSecret"], tenant=tenant["tenantId"])
        group = unique("rg")
        super().__init__(cloud, group, session)
        self.base = f"/subscriptions/{tenant['subscriptionId']}/resourceGroups/{group}"
        answer = session.put(cloud.arm_url(f"/subscriptions/{tenant['subscriptionId']}/resourcegroups/{group}"), json={"location": "paris"}, timeout=30)
        assert answer.status_code == 201, answer.text


@pytest.fixture(scope="module")
def arms(cloud, light_image):
    """A group in each of two tenants."""
    group = unique("rg")
    cloud.make_group(group)
    tenant = json.loads(cloud.command("tenant", "add", unique("tenant"), "--json").stdout)
    arms = Arm(cloud, group), OtherArm(cloud, tenant)
    yield arms
    for arm in arms:
        arm.delete_group()


@pytest.fixture(scope="module")
def namespaces(cloud, arms, key):
    """The namespaces of two networks, of two tenants, with a machine in each."""
    names, begun = [], []
    for arm, number in zip(arms, (21, 22)):
        network = arm.network("net", prefix=f"10.{number}.0.0/16", subnets=(("a", f"10.{number}.0.0/24"),))
        arm.interface("vm", public=False, address=f"10.{number}.0.10")
        begun.append((arm, arm.begin_machine("vm", key)))
        names.append(f"{cloud.short_name}-{network['properties']['resourceGuid'][:8]}")
    for arm, answer in begun:
        assert arm.wait(answer)["status"] == "Succeeded"
    return names


def inside(namespace, *command, check=True):
    return subprocess.run(["ip", "netns", "exec", namespace, *command], check=check, capture_output=True, text=True)


def test_what_one_tenant_owns_another_does_not_see(cloud):
    (finding,) = [finding for finding in observe(cloud, "CTL-CLOIS-01") if "9.7.a" in finding["items"]]
    assert finding["verdict"] == "conforme", finding
    figures = {figure["name"]["fr"]: figure["value"] for figure in finding["figures"]}
    assert figures["requêtes croisées"] == 22 and figures["requêtes témoins"] == 12
    # A second look finds the tenants of the first.
    tenants = cloud.status()["tenants"]
    assert verdict(cloud, "CTL-CLOIS-01", "9.7.a")[0] == "conforme"
    assert cloud.status()["tenants"] == tenants


def test_a_way_between_two_networks_is_seen_until_it_is_gone(cloud, namespaces):
    here, there = namespaces
    wait_until(lambda: is_seen(cloud, "CTL-CLOIS-01", "13.2.a", "conforme"), REPAIR_SECONDS, "isolated networks")
    inside(here, "ip", "link", "add", "leak0", "type", "veth", "peer", "name", "leak1", "netns", there)
    try:
        for namespace, link, own, other, prefix in ((here, "leak0", 1, 2, "10.22.0.0/16"), (there, "leak1", 2, 1, "10.21.0.0/16")):
            inside(namespace, "ip", "addr", "add", f"10.99.0.{own}/30", "dev", link)
            inside(namespace, "ip", "link", "set", link, "up")
            inside(namespace, "ip", "route", "add", prefix, "via", f"10.99.0.{other}")
        assert verdict(cloud, "CTL-CLOIS-01", "13.2.a")[0] == "non conforme"
        assert verdict(cloud, "CTL-CLOIS-01", "9.7.a")[0] == "non conforme"
        found, reason = verdict(cloud, "CTL-CLOIS-02", "9.7.c")
        assert found == "non conforme" and "leak" in reason, reason
    finally:
        inside(here, "ip", "link", "del", "leak0")
    wait_until(lambda: is_seen(cloud, "CTL-CLOIS-01", "13.2.a", "conforme"), REPAIR_SECONDS, "isolated networks")
    wait_until(lambda: is_seen(cloud, "CTL-CLOIS-02", "9.7.c", "conforme"), REPAIR_SECONDS, "rules as wanted")


def test_a_rule_that_somebody_added_is_seen_until_it_is_put_right(cloud, namespaces):
    wait_until(lambda: is_seen(cloud, "CTL-CLOIS-02", "9.7.c", "conforme"), REPAIR_SECONDS, "rules as wanted")
    deadline = time.monotonic() + REPAIR_SECONDS
    while True:
        # The platform puts it right within seconds: a look may come too late.
        inside(namespaces[0], "/usr/sbin/nft", "insert", "rule", "inet", "cocagne", "forward", "tcp", "dport", "2222", "accept")
        found, reason = verdict(cloud, "CTL-CLOIS-02", "9.7.c")
        if found == "non conforme":
            break
        assert time.monotonic() < deadline, "the rule was never seen"
    assert f"{namespaces[0]} : + tcp dport 2222 accept" in reason
    assert "2222" not in inside(namespaces[1], "/usr/sbin/nft", "list", "table", "inet", "cocagne").stdout
    wait_until(lambda: is_seen(cloud, "CTL-CLOIS-02", "9.7.c", "conforme"), REPAIR_SECONDS, "the repair")


def test_a_host_in_another_of_the_providers_networks_is_seen(cloud, workspace, namespaces):
    host = Path("/proc/sys/kernel/hostname").read_text().strip()
    output = subprocess.run(["ip", "-j", "-4", "addr", "show", "scope", "global"], check=True, capture_output=True, text=True).stdout
    (address, *_) = [item["local"] for link in json.loads(output) for item in link.get("addr_info", [])] or [None]
    if address is None:
        pytest.skip("this host has no address but loopback")

    def declare(zone, hosts):
        file_register(cloud, workspace, "environnements", f"""
environnements:
  - {{nom: production, production: true, hotes: {json.dumps(hosts)}}}
zones:
  - {{nom: Bureautique, nature: autre SI, cidr: {zone}}}
reseau_interne: {{separation: physique, moyen: "essai"}}
""")

    declare(f"{address}/32", [host])
    found, reason = verdict(cloud, "CTL-CLOIS-02", "9.7.b")
    assert found == "non conforme" and address in reason
    declare("203.0.113.77/32", ["elsewhere"])
    assert verdict(cloud, "CTL-CLOIS-02", "9.7.b")[0] == "conforme"
    assert verdict(cloud, "CTL-CLOIS-02", "12.3.a")[0] == "non conforme"
    declare("203.0.113.77/32", [host])
    assert verdict(cloud, "CTL-CLOIS-02", "12.3.a")[0] == "conforme"


def test_a_file_that_no_record_knows_is_seen_until_it_is_gone(cloud, workspace, namespaces):
    host = Path("/proc/sys/kernel/hostname").read_text().strip()
    file_register(cloud, workspace, "plateforme", f"""
site: {{nom: "Banc d'essai", pays: FR, pays_exploitant: FR}}
ntp: []
reseaux_administration: []
hotes:
  {json.dumps(host)}: {{fonction: essai, modele: virtuel, emplacement: banc, proprietaire: essai, besoin_securite: "D1 I1 C1"}}
""")
    wait_until(lambda: is_seen(cloud, "CTL-ACTIFS-01", "8.1.a", "conforme"), REPAIR_SECONDS, "a host that is as it is known")
    stranger = Host(cloud).folder / "disks" / f"{unique('stranger')}.qcow2"
    stranger.write_bytes(b"QFI\xfb")
    try:
        found, reason = verdict(cloud, "CTL-ACTIFS-01", "8.1.a")
        assert found == "non conforme" and stranger.name in reason
    finally:
        stranger.unlink()
    assert verdict(cloud, "CTL-ACTIFS-01", "8.1.a")[0] == "conforme"


def test_an_image_without_support_is_seen(cloud, workspace, az, light_image):
    publisher, offer, sku, _ = light_image.split(":")
    today = datetime.datetime.now(datetime.timezone.utc).date()
    mended = today + datetime.timedelta(days=365)
    # Other tests have brought images of their own into the catalogue.
    kinds = {tuple(image["urn"].split(":")[:3]) for image in az("vm", "image", "list", "--all", "-l", "paris")}
    assert (publisher, offer, sku) in kinds

    def declare(end):
        lines = [
            f'  - {{editeur: {kind[0]}, offre: {kind[1]}, sku: "{kind[2]}", fin: {end if kind == (publisher, offer, sku) else mended}, source: "essai"}}'
            for kind in sorted(kinds)
        ]
        file_register(cloud, workspace, "images", "\n".join(["images:", *lines]) + "\n")

    declare(today - datetime.timedelta(days=1))
    found, reason = verdict(cloud, "CTL-IMG-01", "12.10.b")
    assert found == "non conforme" and f"{publisher}:{offer}" in reason
    declare(mended)
    assert verdict(cloud, "CTL-IMG-01", "12.10.b")[0] == "conforme"


def test_a_version_that_runs_needs_an_approved_change_and_a_tested_delivery(cloud, workspace):
    status = cloud.status()
    executable = Path(f"/proc/{status['processId']}/exe")
    digest = subprocess.run(["sha256sum", executable], check=True, capture_output=True, text=True).stdout.split()[0]
    kernel = Path("/proc/sys/kernel/osrelease").read_text().strip()
    yesterday = datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=1)

    def change(version):
        file_register(cloud, workspace, "changements", f"""
preavis_jours: 0
changements:
  - id: chg-1
    titre: essai
    demandeur: exploitation
    approbateur: rssi
    approuve: {yesterday}
    debut: {yesterday}T20:00:00Z
    fin: {yesterday}T21:00:00Z
    impact: aucun
    versions: ["{version}"]
""")

    def delivery(sha256, archive):
        trial = '{{nature: {}, taches: t, entrees: e, attendus: a, resultat: réussi, rapport_sha256: "{}"}}'
        file_register(cloud, workspace, "livraisons", f"""
livraisons:
  - version: "{status['version']}"
    sha256: "{sha256}"
    archive: {archive}
    preproduction: {{environnement: p, debut: {yesterday}, fin: {yesterday}, resultat: réussi, rapport_sha256: "{digest}"}}
    essais: [{trial.format("conformité", digest)}, {trial.format("sécurité", digest)}]
    production: {yesterday}
plateformes:
  - {{noyau: "{kernel}", date: {yesterday}, resultat: réussi, rapport_sha256: "{digest}"}}
""")

    change("9.9.9")
    wait_until(lambda: is_seen(cloud, "CTL-CHG-01", "14.2.a", "non conforme"), REPAIR_SECONDS, "the start's note")
    change(status["version"])
    assert verdict(cloud, "CTL-CHG-01", "14.2.a")[0] == "conforme"
    archive = executable.resolve()
    delivery("0" * 64, archive)
    assert verdict(cloud, "CTL-CHG-02", "14.2.b")[0] == "non conforme"
    delivery(digest, "/nonexistent")
    assert verdict(cloud, "CTL-CHG-02", "14.2.c")[0] == "non conforme"
    delivery(digest, archive)
    for item in ("14.2.b", "14.2.c", "14.3.a", "14.6.a"):
        assert verdict(cloud, "CTL-CHG-02", item) == ("conforme", ""), item


def test_the_packages_of_host_and_build_are_known(cloud):
    (finding,) = [finding for finding in observe(cloud, "CTL-ACTIFS-01") if "8.1.b" in finding["items"]]
    figures = {figure["name"]["fr"]: figure["value"] for figure in finding["figures"]}
    installed = subprocess.run(
        ["dpkg-query", "-W", "-f", "${db:Status-Abbrev}\n"], check=True, capture_output=True, text=True).stdout.split("\n")
    assert figures["paquets Debian"] == sum(line.startswith(("ii", "hi")) for line in installed)
    assert figures["paquets Swift"] > 10
