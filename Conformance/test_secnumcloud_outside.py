"""The platform as strangers and its host see it: a real cloud weakened, seen, mended, seen again."""

import json
import socket
import struct
import subprocess
import threading
import time
from pathlib import Path

import pytest

NTP_EPOCH = 2208988800


def observed(cloud, control):
    """The findings of a look at one control, now."""
    return json.loads(cloud.command("secnumcloud", "observe", control, "--json").stdout)


def of_item(cloud, control, item):
    """The verdicts on one item, and what is said of the gaps."""
    found = [finding for finding in observed(cloud, control) if item in finding["items"]]
    assert found, f"{control} says nothing of {item}"
    return {finding["verdict"] for finding in found}, " ".join(finding["reason"]["fr"] for finding in found if finding.get("reason"))


def figure(cloud, control, name):
    values = [shown["value"] for finding in observed(cloud, control) for shown in finding["figures"] if shown["name"]["fr"] == name]
    assert values, f"{control} has no figure “{name}”"
    return values[0]


def listeners():
    """The ports on which this host listens beside loopback, whoever holds them: as the kernel says."""
    found = set()
    low, high = (int(word) for word in Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    for name in ("tcp", "tcp6", "udp", "udp6"):
        transport = name[:3]
        for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]:
            words = line.split()
            address, port = words[1].split(":")
            is_open = words[3] == "0A" if transport == "tcp" else words[2].endswith(":0000")
            is_loopback = address.endswith("7F") and len(address) == 8 or address == "0" * 24 + "01000000"
            if is_open and not is_loopback and not (transport == "udp" and low <= int(port, 16) <= high):
                found.add((transport, int(port, 16)))
    return sorted(found)


class TimeServer:
    """Answers SNTP, so many seconds ahead."""

    def __init__(self):
        self.ahead = 0.0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                question, caller = self.socket.recvfrom(512)
                now = time.time() + self.ahead + NTP_EPOCH
                stamp = struct.pack("!II", int(now), int((now % 1) * 2**32))
                self.socket.sendto(bytes([4 << 3 | 4, 2, 0, 0]) + bytes(20) + question[40:48] + stamp + stamp, caller)
            except OSError:
                # It was closed.
                return

    def close(self):
        self.socket.close()


@pytest.fixture
def clocks():
    servers = [TimeServer(), TimeServer()]
    yield servers
    for server in servers:
        server.close()


@pytest.fixture
def house(own_cloud):
    return own_cloud()


def file_register(cloud, workspace, sources=(), further=""):
    path = workspace / f"plateforme-{cloud.port}.yaml"
    ntp = "".join(f"  - {{hote: 127.0.0.1, port: {server.port}}}\n" for server in sources)
    path.write_text(
        "site: {nom: Essai, pays: FR, pays_exploitant: FR}\n"
        + (f"ntp:\n{ntp}" if ntp else "ntp: []\n")
        + "reseaux_administration: [{nom: Essai, cidr: 127.0.0.0/8, pays: FR}]\nhotes: {}\n"
        + further)
    cloud.command("secnumcloud", "register", "set", "plateforme", str(path))


def test_a_source_of_time_that_is_five_seconds_ahead_is_found(house, workspace, clocks):
    assert of_item(house, "CTL-HORL-01", "12.8.a")[0] == {"non évalué"}
    file_register(house, workspace, clocks)
    assert of_item(house, "CTL-HORL-01", "12.8.a")[0] == {"conforme"}
    clocks[1].ahead = 5
    verdicts, reason = of_item(house, "CTL-HORL-01", "12.8.a")
    assert verdicts == {"non conforme"} and f"127.0.0.1:{clocks[1].port}" in reason
    clocks[1].ahead = 0
    assert of_item(house, "CTL-HORL-01", "12.8.a")[0] == {"conforme"}
    clocks[0].close()
    assert of_item(house, "CTL-HORL-01", "12.8.a")[0] == {"non conforme"}


def test_a_control_socket_that_everybody_may_open_is_found(house, workspace):
    declared = ", ".join(f"{{protocole: {name}, port: {port}, administration: false, objet: Essai}}" for name, port in listeners())
    file_register(house, workspace, further=f"ecoutes: [{declared}]\n")
    assert of_item(house, "CTL-IAM-08", "9.6.d")[0] == {"conforme"}
    control = house.data / "control.sock"
    control.chmod(0o666)
    verdicts, reason = of_item(house, "CTL-IAM-08", "9.6.d")
    assert verdicts == {"non conforme"} and "666" in reason
    control.chmod(0o600)
    assert of_item(house, "CTL-IAM-08", "9.6.d")[0] == {"conforme"}


def test_a_port_that_nobody_declared_is_found(house, workspace):
    declared = ", ".join(f"{{protocole: {name}, port: {port}, administration: false, objet: Essai}}" for name, port in listeners())
    file_register(house, workspace, further=f"ecoutes: [{declared}]\n")
    assert of_item(house, "CTL-IAM-08", "13.2.e")[0] == {"conforme"}
    with socket.socket() as intruder:
        intruder.bind(("0.0.0.0", 0))
        intruder.listen()
        verdicts, reason = of_item(house, "CTL-IAM-08", "13.2.e")
        assert verdicts == {"non conforme"} and f":{intruder.getsockname()[1]}" in reason
    assert of_item(house, "CTL-IAM-08", "13.2.e")[0] == {"conforme"}


def test_the_front_door_keeps_to_the_profile_of_tls(cloud):
    found = {finding["items"][0]: finding for finding in observed(cloud, "CTL-CRYPTO-02")}
    assert found["10.2.a"]["verdict"] == "conforme", found["10.2.a"]
    assert found["10.2.b"]["verdict"] == "conforme", found["10.2.b"]
    assert figure(cloud, "CTL-CRYPTO-02", "négociations tentées") > 10
    assert figure(cloud, "CTL-CRYPTO-02", "durée annoncée d'un ticket TLS 1.2") <= 86400


def test_every_certificate_comes_from_the_authority_that_the_minutes_name(house, workspace):
    der = subprocess.run(["openssl", "x509", "-in", house.ca, "-outform", "der"], capture_output=True, check=True).stdout
    digest = subprocess.run(["sha256sum"], input=der, capture_output=True, check=True).stdout.decode().split()[0]
    minutes = "ceremonie: {{date: 2026-01-01, pays: FR, prestataire_present: true, proces_verbal: PV, empreinte_autorite: \"{}\"}}\n"
    file_register(house, workspace, further=minutes.format(digest))
    assert of_item(house, "CTL-CRYPTO-07", "10.6.a")[0] == {"conforme"}
    file_register(house, workspace, further=minutes.format("0" * 64))
    assert "non conforme" in of_item(house, "CTL-CRYPTO-07", "10.6.a")[0]


def test_no_route_of_administration_answers_without_a_token(cloud):
    assert of_item(cloud, "CTL-IAM-09", "9.6.h")[0] == {"conforme"}
    assert of_item(cloud, "CTL-IAM-09", "9.6.e")[0] == {"conforme"}
    assert figure(cloud, "CTL-IAM-09", "appels") > 50


def test_a_customer_sees_nothing_of_the_provider(cloud):
    assert of_item(cloud, "CTL-IAM-10", "9.6.i")[0] == {"conforme"}
    assert figure(cloud, "CTL-IAM-10", "souscriptions d'autrui visées (échantillon)") > 0


def test_the_cloud_opens_no_connection_that_nobody_configured(cloud):
    assert of_item(cloud, "CTL-SORTANT-01", "12.14.a")[0] == {"conforme"}
    assert figure(cloud, "CTL-SORTANT-01", "sockets regardés") > 0
    assert figure(cloud, "CTL-SORTANT-01", "connexions sortantes") == 0


def test_people_read_french(cloud):
    assert of_item(cloud, "CTL-LANG-01", "19.3.a")[0] == {"conforme"}
    assert figure(cloud, "CTL-LANG-01", "textes de pages") > 10
    assert figure(cloud, "CTL-LANG-01", "lignes d'aide") > 20


def test_a_restart_counts_in_the_availability(house, workspace):
    assert of_item(house, "CTL-PCA-01", "19.1.j")[0] == {"non évalué"}
    file_register(house, workspace, further="disponibilite_promise: 99.9\n")
    assert of_item(house, "CTL-PCA-01", "19.1.j")[0] == {"conforme"}
    assert figure(house, "CTL-PCA-01", "redémarrages") == 0
    house.stop()
    house.up()
    assert figure(house, "CTL-PCA-01", "redémarrages") == 1
    assert figure(house, "CTL-PCA-01", "essais sans réponse") == 0
