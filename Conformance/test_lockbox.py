"""The lockbox: what an operator asks for, what the tenant decides with `az rest`, what a grant shows and where each look stands; and authorities' requests."""

import base64
import json
import subprocess
import time
import uuid
from types import SimpleNamespace
from urllib.parse import quote, urlencode

import jwt
import msal
import pytest
from azure.storage.blob import BlobServiceClient
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from azure_cli import Az, AzError
from cloud import REPOSITORY, Cloud, free_port, unique

APPROVER = "Azure Customer Lockbox Approver for Subscription"
VERSION = "2018-02-28-preview"
CONTENT = "le grand livre du client"
# Entries get their places shortly after their transactions.
SETTLE_SECONDS = 30


@pytest.fixture(scope="module")
def house(workspace):
    """A cloud of this module's own, so that its ledger holds what this module does; with a witness."""
    data, witness = workspace / unique("lockbox"), workspace / unique("witness")
    data.mkdir(mode=0o700)
    witness.mkdir()
    (data / "ledger.json").write_text(json.dumps({"witnesses": [{"name": "archive", "directory": str(witness), "history": 3}]}))
    cloud = Cloud(data, free_port())
    cloud.checkpoint = witness / "checkpoint"
    cloud.up()
    yield cloud
    cloud.remove_machines()
    cloud.stop()


@pytest.fixture(scope="module")
def az(house, workspace):
    az = Az(house, workspace / unique("az"))
    az.login()
    return az


@pytest.fixture(scope="module")
def approver(house, az, workspace):
    """A principal that may answer operators' requests and do nothing else."""
    made = az("ad", "sp", "create-for-rbac", "-n", unique("approver"), "--role", APPROVER, "--scopes", f"/subscriptions/{house.subscription}")
    approver = Az(house, workspace / unique("az"))
    approver.login(made["appId"], made["password"])
    return approver


@pytest.fixture(scope="module")
def books(house):
    """Two accounts in two groups, each with a blob; the first one's other container is nobody's business either."""
    session = house.arm_session()
    found = []
    for _ in range(2):
        group, account = unique("rg"), unique("acct")
        house.make_group(group, session)
        key = house.make_account(group, account, session)
        service = BlobServiceClient(house.blob(account), credential=key, connection_verify=house.ca)
        for container in ("books", "letters"):
            service.create_container(container).upload_blob("grand livre.txt", CONTENT)
        found.append(
            SimpleNamespace(
                account=account, key=key, group=f"/subscriptions/{house.subscription}/resourceGroups/{group}",
                id=f"/subscriptions/{house.subscription}/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/{account}"))
    return found


class Person:
    """An operator with a certificate, signed in with MSAL."""

    def __init__(self, cloud, folder, name, role):
        self.cloud, self.name = cloud, name
        key = ec.generate_private_key(ec.SECP256R1())
        request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])).sign(key, hashes.SHA256())
        path = folder / f"{uuid.uuid4().hex}.csr"
        path.write_bytes(request.public_bytes(serialization.Encoding.PEM))
        self.email = f"{uuid.uuid4().hex[:8]}@example.fr"
        made = json.loads(
            cloud.command("operator", "add", "--name", name, "--email", self.email, "--role", role, "--request", str(path), "--json").stdout)
        self.id = made["id"]
        now = int(time.time())
        certificate = x509.load_pem_x509_certificate(made["certificate"].encode())
        assertion = jwt.encode(
            {"aud": made["authority"] + "/oauth2/v2.0/token", "iss": self.id, "sub": self.id, "jti": str(uuid.uuid4()), "nbf": now, "exp": now + 300},
            key, algorithm="ES256", headers={"x5t#S256": b64(certificate.fingerprint(hashes.SHA256()))})
        application = msal.ConfidentialClientApplication(
            self.id, authority=made["authority"], instance_discovery=False, http_client=cloud.session(), client_credential={"client_assertion": lambda: assertion})
        answer = application.acquire_token_for_client([made["scope"]])
        assert "access_token" in answer, answer
        self.api = made["scope"].removesuffix("/.default")
        self.session = cloud.session()
        self.session.headers["Authorization"] = "Bearer " + answer["access_token"]

    def call(self, method, path, **options):
        return self.session.request(method, self.api + path, timeout=30, **options)

    def ask(self, scope, **more):
        answer = self.call(
            "POST", "/lockboxRequests", json={"scope": scope, "justification": "un blob ne se relit plus", "hours": 1, "ticket": "T-17"} | more)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def look(self, request, what, **query):
        # A plus sign is a plus sign, here as in Azure.
        return self.call("GET", f"/lockboxRequests/{request}/{what}?{urlencode(query, quote_via=quote)}")


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def support(house, workspace):
    return Person(house, workspace, "Camille Durand", "support")


@pytest.fixture(scope="module")
def enabled(house, az):
    rest(az, house, "post", "/providers/Microsoft.CustomerLockbox/enableLockbox")


@pytest.fixture(scope="module")
def short_grant(house, enabled, az, support, books):
    """A grant of the shortest time there is, and when that began at the latest."""
    request = support.ask(books[0].id, hours=None, minutes=1)
    decide(az, house, request, "Approve")
    return request, time.monotonic()


def rest(az, cloud, method, path, body=None, **query):
    parameters = "&".join(f"{name}={value}" for name, value in ({"api-version": VERSION} | query).items())
    more = ("--body", json.dumps(body)) if body is not None else ()
    return az("rest", "--method", method, "--url", f"{cloud.url('management')}{path}?{parameters}", "--resource", cloud.url("management"), *more)


def requests_path(cloud):
    return f"/subscriptions/{cloud.subscription}/providers/Microsoft.CustomerLockbox/requests"


def decide(az, cloud, request, status):
    return rest(az, cloud, "post", f"{requests_path(cloud)}/{request}/updateApproval", {"status": status, "reason": "vu avec le client"})


def entries(cloud, kind, *arguments):
    return [entry for entry in ledger(cloud, *arguments) if entry["entry"]["kind"] == kind]


def ledger(cloud, *arguments):
    found, after = [], 0
    while True:
        page = json.loads(cloud.command("ledger", "list", "--after", str(after), "--limit", "1000", *arguments, "--json").stdout)["entries"]
        found += page
        if len(page) < 1000:
            return found
        after = page[-1]["entry"]["sequence"]


def awaited(look):
    deadline = time.monotonic() + SETTLE_SECONDS
    while not (found := look()):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return found


def test_without_lockbox_nobody_can_even_ask(house, az, support, books):
    status = rest(az, house, "get", f"/providers/Microsoft.CustomerLockbox/tenantOptedIn/{house.tenant}")
    assert status == {"isOptedIn": False}
    refused = support.call("POST", "/lockboxRequests", json={"scope": books[0].id, "justification": "x", "hours": 1, "ticket": "T"})
    assert refused.status_code == 409 and refused.json()["error"]["code"] == "LockboxNotEnabled", refused.text


def test_an_operator_asks_the_tenant_approves_and_each_look_is_in_the_tenants_ledger(house, short_grant, az, approver, support, books, workspace):
    assert support.look(short_grant[0], "resource", id=books[0].id).status_code == 200
    request = support.ask(books[0].id)
    before = support.look(request, "blob", account=books[0].id, container="books", blob="grand livre.txt")
    assert before.status_code == 403 and CONTENT not in before.text

    pending = rest(approver, house, "get", requests_path(house), **{"$filter": "properties/status%20eq%20'Pending'"})["value"]
    assert [item["properties"]["requestId"] for item in pending] == [request]
    assert pending[0]["properties"]["justification"] == "un blob ne se relit plus" and pending[0]["properties"]["duration"] == "1"
    assert decide(approver, house, request, "Approve") == {"status": "Approve", "reason": "vu avec le client"}
    assert rest(approver, house, "get", f"{requests_path(house)}/{request}")["properties"]["status"] == "Approved"

    content = support.look(request, "blob", account=books[0].id, container="books", blob="grand livre.txt")
    assert content.status_code == 206 and content.text == CONTENT, content.text
    part = support.look(request, "blob", account=books[0].id, container="books", blob="grand livre.txt", offset=3, length=5)
    assert part.text == CONTENT[3:8]
    containers = support.look(request, "containers", account=books[0].id)
    assert containers.status_code == 200 and "<Name>books</Name>" in containers.text, containers.text
    blobs = support.look(request, "blobs", account=books[0].id, container="letters", prefix="grand")
    assert "grand livre.txt" in blobs.text
    shown = support.look(request, "resource", id=books[0].id)
    assert shown.json()["name"] == books[0].account and books[0].key not in shown.text

    # Beside the scope there is nothing: another account, the group, a secret.
    for what, query in (
        ("blob", {"account": books[1].id, "container": "books", "blob": "grand livre.txt"}), ("resource", {"id": books[0].group}),
        ("resources", {"group": books[0].group}), ("resource", {"id": books[1].id}),
    ):
        refused = support.look(request, what, **query)
        assert refused.status_code == 403 and CONTENT not in refused.text, (what, refused.text)
    sibling = books[0].id.replace(books[0].account, books[1].account)
    assert support.look(request, "blob", account=sibling, container="books", blob="grand livre.txt").status_code == 403

    assert decide(approver, house, request, "Deny")["status"] == "Deny"
    over = support.look(request, "blob", account=books[0].id, container="books", blob="grand livre.txt")
    assert over.status_code == 403 and CONTENT not in over.text

    def told():
        found = [entry for entry in entries(house, "lockbox", "--tenant", house.tenant) if entry["entry"]["facts"].get("lockboxRequest") == request]
        return found if found and found[-1]["entry"]["facts"]["operation"] == "revoke" else None

    steps = awaited(told)
    assert [step["entry"]["facts"]["operation"] for step in steps] == ["open", "approve", *["use"] * 5, "revoke"]
    assert all(step["personal"]["operator"] == support.name for step in steps)
    assert [step["entry"]["facts"]["action"] for step in steps[2:7]] == ["read blob", "read blob", "list containers", "list blobs", "read resource"]

    def refusals():
        found = [entry for entry in entries(house, "policy.refusal", "--tenant", house.tenant) if entry["entry"]["facts"].get("lockboxRequest") == request]
        return len(found) == 7

    awaited(refusals)
    # Whose name it is stands in no leaf.
    assert support.name not in json.dumps([step["entry"] for step in steps])

    log = [event["operationName"]["value"] for event in az("monitor", "activity-log", "list", "--offset", "1h")]
    for name in ("Create", "Approve", "Cancel"):
        assert f"Microsoft.CustomerLockbox/requests/activitylog/{name}LockboxRequest/action" in log, log

    folder = workspace / unique("export")
    house.command("ledger", "publish")
    house.command("ledger", "export", "--out", str(folder))
    verifier = [REPOSITORY / "tools" / "verify-ledger", "--data", folder, "--witness", house.checkpoint]
    done = subprocess.run(verifier, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    # It is no verifier that accepts anything.
    files = [path for path in folder.iterdir() if b"lockboxRequest" in path.read_bytes()]
    assert files
    for path in files:
        path.write_bytes(path.read_bytes().replace(b"read blob", b"read bl0b"))
    assert subprocess.run(verifier, capture_output=True, text=True, check=False).returncode != 0


def test_who_lacks_the_role_decides_nothing(house, enabled, az, support, books, workspace):
    made = az("ad", "sp", "create-for-rbac", "-n", unique("reader"), "--role", "Reader", "--scopes", f"/subscriptions/{house.subscription}")
    reader = Az(house, workspace / unique("az"))
    reader.login(made["appId"], made["password"])
    request = support.ask(books[0].group)
    with pytest.raises(AzError) as refused:
        decide(reader, house, request, "Approve")
    assert "AuthorizationFailed" in str(refused.value)
    with pytest.raises(AzError) as refused:
        rest(reader, house, "post", "/providers/Microsoft.CustomerLockbox/disableLockbox")
    assert "AuthorizationFailed" in str(refused.value)
    assert support.look(request, "resources", group=books[0].group).status_code == 403
    with pytest.raises(AzError) as refused:
        decide(az, house, str(uuid.uuid4()), "Approve")
    assert "ResourceNotFound" in str(refused.value)
    assert decide(az, house, request, "Deny")["status"] == "Deny"
    with pytest.raises(AzError) as refused:
        decide(az, house, request, "Approve")
    assert "InvalidRequestStatus" in str(refused.value)


def test_a_group_is_looked_into_and_a_removed_operator_looks_no_more(house, enabled, az, books, workspace):
    person = Person(house, workspace, "Dominique Roy", "support")
    request = person.ask(books[0].group, hours=8)
    decide(az, house, request, "Approve")
    assert [item["name"] for item in person.look(request, "resources", group=books[0].group).json()["value"]] == [books[0].account]
    # A claim that another group's account lies in this one does not make it lie there.
    forged = books[0].id.replace(books[0].account, books[1].account)
    for container, blob in (("books", "grand livre.txt"), ("nothing", "nothing")):
        refused = person.look(request, "blob", account=forged, container=container, blob=blob)
        assert refused.status_code == 403 and refused.json()["error"]["code"] == "AuthorizationPermissionMismatch", refused.text
    listed = json.loads(house.command("lockbox", "list", "--json").stdout)["requests"]
    assert listed[0]["id"] == request and listed[0]["status"] == "Approved" and listed[0]["operatorName"] == person.name
    assert json.loads(house.command("lockbox", "show", request, "--json").stdout)["scope"] == books[0].group
    house.command("operator", "remove", person.email)
    assert person.look(request, "resources", group=books[0].group).status_code == 401


def command(cloud, *arguments):
    return json.loads(cloud.command("authority-request", *arguments, "--json").stdout)


def test_what_an_authority_asked_for_is_told_to_the_tenant_when_the_law_allows(house, workspace):
    made = command(
        house, "add", "--authority", "Tribunal judiciaire de Paris", "--country", "FR", "--basis", "Code de procédure pénale, article 60-1", "--way",
        "droit-ue", "--received", "2026-02-12", "--asked", "Journal d'accès d'un compte", "--tenant", house.tenant, "--notice-withheld",
        "secret de l'instruction")
    request = made["id"]
    command(house, "answer", request, "--answer", "refus", "--answered", "2026-02-20", "--grounds", "demande trop large")

    def steps(*arguments):
        return [e["entry"]["facts"]["operation"] for e in entries(house, "authority.request", *arguments) if request in e["entry"]["subject"]]

    awaited(lambda: steps("--tenant", str(uuid.UUID(int=0))) == ["add", "answer"])
    assert steps("--tenant", house.tenant) == []
    person = Person(house, workspace, "Claire Petit", "securite")
    told = person.call("POST", f"/authorityRequests/{request}/notice", json={"notice": "2026-06-01"})
    assert told.status_code == 200, told.text
    awaited(lambda: steps("--tenant", house.tenant) == ["notice"])
    assert command(house, "close", request)["state"] == "closed"
    assert [item["id"] for item in person.call("GET", "/authorityRequests").json()["value"]] == [request]
    done = house.command(
        "authority-request", "add", "--authority", "a", "--country", "France", "--basis", "b", "--way", "direct", "--received", "2026-02-12", "--asked", "c",
        check=False)
    assert done.returncode != 0 and "InvalidParameter" in done.stderr


def test_a_grant_ends_by_itself_after_a_kill_too(house, az, short_grant, support, books):
    request, approved = short_grant
    house.kill()
    house.up()
    time.sleep(max(0, 61 - (time.monotonic() - approved)))
    assert support.look(request, "resource", id=books[0].id).status_code == 403
    assert rest(az, house, "get", f"{requests_path(house)}/{request}")["properties"]["status"] == "Completed"
    awaited(
        lambda: [
            entry for entry in entries(house, "lockbox", "--tenant", house.tenant)
            if entry["entry"]["facts"].get("lockboxRequest") == request and entry["entry"]["facts"]["operation"] == "complete"
        ])


def test_disabling_the_lockbox_ends_every_grant(house, enabled, az, support, books):
    request = support.ask(books[0].id)
    decide(az, house, request, "Approve")
    assert support.look(request, "resource", id=books[0].id).status_code == 200
    rest(az, house, "post", "/providers/Microsoft.CustomerLockbox/disableLockbox")
    try:
        assert support.look(request, "resource", id=books[0].id).status_code == 403
        assert rest(az, house, "get", f"{requests_path(house)}/{request}")["properties"]["status"] == "Revoked"
    finally:
        rest(az, house, "post", "/providers/Microsoft.CustomerLockbox/enableLockbox")
