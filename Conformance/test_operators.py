"""The operator's people: their own issuer, their own port, roles without data, and nothing of a tenant's in any answer."""

import json
import socket
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import jwt
import msal
import pytest
import requests
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import CertificateCredential
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from cloud import Cloud, free_port, unique

# What a tenant keeps, and no operator may see. It stands in blobs, in a secret, in messages and in entities.
CANARY = "chapon-" + uuid.uuid4().hex


def pem(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()


def request_file(folder, key):
    """A request for a certificate, as `openssl req` makes one."""
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])).sign(key, hashes.SHA256())
    path = folder / f"{uuid.uuid4().hex}.csr"
    path.write_bytes(request.public_bytes(serialization.Encoding.PEM))
    return str(path)


@pytest.fixture(scope="module")
def keys():
    """Two RSA keys: making them takes a second each."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(lambda _: rsa.generate_private_key(65537, 3072), range(2)))


@pytest.fixture(scope="module")
def operators(workspace):
    """A cloud of its own, in whose environment MSAL runs."""
    cloud = Cloud(workspace / unique("ops"), free_port())
    cloud.up()
    with cloud.inside():
        yield cloud
    cloud.remove_machines()
    cloud.stop()


def add(cloud, folder, key, name, roles):
    """A registered person, with the credential that the person holds."""
    email = f"{uuid.uuid4().hex[:8]}@example.fr"
    arguments = [item for role in roles for item in ("--role", role)]
    made = json.loads(
        cloud.command("operator", "add", "--name", name, "--email", email, *arguments, "--request", request_file(folder, key), "--json").stdout)
    certificate = x509.load_pem_x509_certificate(made["certificate"].encode())
    return SimpleNamespace(
        id=made["id"], email=email, key=key, certificate=certificate, pem=made["certificate"], authority=made["authority"], scope=made["scope"],
        api=made["scope"].removesuffix("/.default"))


def application(cloud, person):
    """MSAL's client for a certificate, as anybody would write it."""
    return msal.ConfidentialClientApplication(
        person.id, authority=person.authority, instance_discovery=False, verify=cloud.ca,
        client_credential={
            "private_key": pem(person.key), "thumbprint": person.certificate.fingerprint(hashes.SHA1()).hex(), "public_certificate": person.pem
        })


def token(cloud, person):
    answer = application(cloud, person).acquire_token_for_client([person.scope])
    assert "access_token" in answer, answer
    return answer["access_token"]


def call(cloud, person, path, bearer, method="GET", **options):
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    return cloud.session().request(method, person.api + path, headers=headers, timeout=30, **options)


@pytest.fixture(scope="module")
def support(operators, workspace, keys):
    return add(operators, workspace, keys[0], "Camille Durand", ["support"])


@pytest.fixture(scope="module")
def auditor(operators, workspace, keys):
    return add(operators, workspace, keys[1], "Dominique Roy", ["auditeur"])


@pytest.fixture(scope="module")
def bearer(operators, support):
    return token(operators, support)


def test_msal_signs_in_with_a_certificate(operators, support, bearer):
    who = call(operators, support, "/whoami", bearer).json()
    assert who["id"] == support.id and who["email"] == support.email and who["roles"] == ["support"]
    status = call(operators, support, "/status", bearer).json()
    assert status["running"] and status["domain"] == operators.variables["COCAGNE_DOMAIN"]
    assert [tenant["name"] for tenant in call(operators, support, "/tenants", bearer).json()["value"]] == [operators.variables["COCAGNE_DOMAIN"]]


def test_azure_identity_signs_in_with_a_certificate(operators, auditor):
    credential = CertificateCredential(
        "operators", auditor.id, certificate_data=(pem(auditor.key) + auditor.pem).encode(), authority=auditor.authority.removesuffix("/operators"),
        disable_instance_discovery=True, connection_verify=operators.ca)
    bearer = credential.get_token(auditor.scope).token
    people = call(operators, auditor, "/operators", bearer).json()["value"]
    assert auditor.email in [person["email"] for person in people]


def test_the_certificate_is_the_operators_authoritys(operators, support):
    authority = x509.load_pem_x509_certificate(operators.command("operator", "authority").stdout.encode())
    support.certificate.verify_directly_issued_by(authority)
    assert (support.certificate.not_valid_after_utc - support.certificate.not_valid_before_utc).days <= 365
    front = x509.load_pem_x509_certificate(open(operators.ca, "rb").read())
    assert authority.public_key() != front.public_key()


def test_an_operators_token_is_refused_by_each_of_the_tenants_interfaces(operators, support, bearer):
    account = unique("acct")
    group = unique("rg")
    operators.make_group(group)
    operators.make_account(group, account)
    session = operators.session()
    session.headers["Authorization"] = f"Bearer {bearer}"
    storage = {"x-ms-version": "2024-11-04"}
    answers = {
        "management": session.get(operators.arm_url("/subscriptions"), timeout=30),
        "graph": session.get(operators.graph + "/v1.0/users", timeout=30),
        "blob": session.get(operators.blob(account) + "/?comp=list", headers=storage, timeout=30),
        "queue": session.get(operators.url(f"{account}.queue.core") + "/?comp=list", headers=storage, timeout=30),
        "table": session.get(operators.url(f"{account}.table.core") + "/Tables", headers=storage, timeout=30),
    }
    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(answers, 401), {n: a.text for n, a in answers.items()}
    assert answers["management"].json()["error"]["code"] == "InvalidAuthenticationToken"
    assert answers["graph"].json()["error"]["code"] == "InvalidAuthenticationToken"
    assert "InvalidAuthenticationInfo" in answers["blob"].text
    vault, ledger = unique("v"), unique("l")
    for kind, name, version, properties in (
        ("Microsoft.KeyVault/vaults", vault, "2023-07-01", {"tenantId": operators.tenant, "sku": {"family": "A", "name": "standard"}, "enableRbacAuthorization": True}),
        ("Microsoft.ConfidentialLedger/ledgers", ledger, "2022-05-13", {"ledgerType": "Private", "aadBasedSecurityPrincipals": []}),
    ):
        path = f"/subscriptions/{operators.subscription}/resourceGroups/{group}/providers/{kind}/{name}"
        made = operators.arm_session().put(operators.arm_url(path, version), json={"location": "paris", "properties": properties}, timeout=30)
        assert made.status_code in (200, 201, 202), made.text
    secrets = session.get(operators.url(f"{vault}.vault") + "/secrets?api-version=7.4", timeout=30)
    assert secrets.status_code == 401 and secrets.json()["error"]["code"] == "Unauthorized", secrets.text
    entries = session.get(operators.url(f"{ledger}.ledger") + "/app/transactions?api-version=2022-05-13", timeout=30)
    assert entries.status_code == 401, entries.text


def test_a_tenants_token_is_refused_by_the_operators_interface(operators, support):
    """The first administrator, who is global administrator and owner of everything, is nobody there."""
    for resource in (operators.arm + "/", operators.graph):
        for path in ("/whoami", "/status", "/tenants", "/operators"):
            answer = call(operators, support, path, operators.token(resource))
            assert answer.status_code == 401 and answer.json()["error"]["code"] == "InvalidAuthenticationToken"
    nobody = call(operators, support, "/tenants", None)
    assert nobody.status_code == 401 and nobody.json()["error"]["code"] == "AuthenticationFailed"
    # Nor does the tenants' issuer give a token for it.
    answer = operators.session().post(
        f"{operators.authority}/{operators.tenant}/oauth2/v2.0/token",
        data={"grant_type": "client_credentials", "client_id": operators.client_id, "client_secret": operators.client_secret, "scope": support.scope},
        timeout=30)
    assert answer.json()["error_codes"] == [500011]


def test_each_entry_serves_its_own_hosts_alone(operators, support, bearer):
    session = operators.session()
    session.headers["Authorization"] = f"Bearer {bearer}"
    port = support.api.rsplit(":", 1)[1]
    unknown = session.get(operators.url("elsewhere") + "/", timeout=30).status_code
    assert unknown >= 400
    for name, path in (("operations", "/whoami"), ("operators", "/operators/v2.0/.well-known/openid-configuration")):
        assert session.get(operators.url(name) + path, timeout=30).status_code == unknown
    for name, path in (("management", "/subscriptions?api-version=2022-12-01"), ("login", "/organizations/discovery/v2.0/keys"), ("graph", "/v1.0/users")):
        assert session.get(f"https://{operators.host(name)}:{port}{path}", timeout=30).status_code == unknown


def test_an_assertion_is_good_once(operators, support):
    """What MSAL sends, kept and sent again by somebody else."""
    sent = []

    class Client(requests.Session):
        def post(self, url, **options):
            sent.append((url, options.get("data")))
            return super().post(url, **options)

    client = Client()
    client.verify = operators.ca
    application_ = msal.ConfidentialClientApplication(
        support.id, authority=support.authority, instance_discovery=False, http_client=client,
        client_credential={"private_key": pem(support.key), "thumbprint": support.certificate.fingerprint(hashes.SHA1()).hex()})
    assert "access_token" in application_.acquire_token_for_client([support.scope])
    url, data = sent[-1]
    again = operators.session().post(url, data=data, timeout=30)
    assert again.status_code == 401 and again.json()["error"] == "invalid_client" and again.json()["error_codes"] == [700027]


def test_a_stranger_does_not_sign_in(operators, support, auditor):
    forged = SimpleNamespace(**(vars(support) | {"key": auditor.key}))
    answer = application(operators, forged).acquire_token_for_client([support.scope])
    assert answer["error"] == "invalid_client"
    with pytest.raises(ClientAuthenticationError):
        CertificateCredential(
            "operators", str(uuid.uuid4()), certificate_data=(pem(support.key) + support.pem).encode(),
            authority=support.authority.removesuffix("/operators"), disable_instance_discovery=True, connection_verify=operators.ca).get_token(support.scope)


def test_a_removed_operator_is_out_at_once(operators, workspace):
    key = ec.generate_private_key(ec.SECP256R1())
    person = add(operators, workspace, key, "Sacha Petit", ["exploitation"])
    bearer = signed_in(operators, person)
    assert call(operators, person, "/status", bearer).status_code == 200
    assert call(operators, person, "/operators", bearer).status_code == 403
    twice = operators.command(
        "operator", "add", "--name", "Sacha Grand", "--email", person.email.upper(), "--role", "support", "--request",
        request_file(workspace, ec.generate_private_key(ec.SECP256R1())), check=False)
    assert twice.returncode != 0 and "déjà inscrite" in twice.stderr
    shown = operators.command("operator", "show", person.email).stdout
    assert "Sacha Petit" in shown and person.certificate.fingerprint(hashes.SHA256()).hex() in shown
    operators.command("operator", "disable", person.email)
    assert call(operators, person, "/status", bearer).status_code == 401
    operators.command("operator", "enable", person.email)
    assert call(operators, person, "/status", bearer).status_code == 401, "a token of before is ended for good"
    bearer = signed_in(operators, person)
    assert call(operators, person, "/status", bearer).status_code == 200
    operators.command("operator", "roles", person.email, "--role", "auditeur")
    assert call(operators, person, "/operators", bearer).status_code == 200
    operators.command("operator", "remove", person.email)
    assert call(operators, person, "/status", bearer).status_code == 401
    assert person.email not in operators.command("operator", "list").stdout


def signed_in(cloud, person):
    """A token for a P-256 key, which Microsoft's clients have no assertion for."""
    now = int(time.time())
    thumbprint = jwt.utils.base64url_encode(person.certificate.fingerprint(hashes.SHA256())).decode()
    endpoint = person.authority + "/oauth2/v2.0/token"
    assertion = jwt.encode(
        {"iss": person.id, "sub": person.id, "aud": endpoint, "iat": now, "exp": now + 300, "jti": uuid.uuid4().hex}, pem(person.key), "ES256",
        headers={"x5t#S256": thumbprint})
    answer = cloud.session().post(
        endpoint,
        data={
            "grant_type": "client_credentials", "client_id": person.id, "scope": person.scope, "client_assertion": assertion,
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        }, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.json()["access_token"]


def test_each_step_is_in_the_ledger(operators, support, bearer):
    call(operators, support, "/status", bearer)
    call(operators, support, "/operators", bearer)
    deadline = time.monotonic() + 20
    while True:
        text = operators.command("ledger", "list", "--json").stdout
        entries = [item for item in json.loads(text)["entries"] if item["entry"]["kind"] in ("operator.action", "policy.refusal", "authentication.failure")]
        steps = {(item["entry"].get("facts", item["entry"]).get("operation"), item["entry"]["outcome"]) for item in entries}
        wanted = {("operator added", "succeeded"), ("operator sign-in", "succeeded"), ("GET /status", "succeeded")}
        refused = {item["entry"]["kind"] for item in entries if item["entry"]["outcome"] == "refused"}
        if wanted <= steps and {"policy.refusal", "authentication.failure"} <= refused:
            break
        assert time.monotonic() < deadline, (steps, refused)
        time.sleep(0.5)
    public = json.dumps([item["entry"] for item in entries])
    assert support.email not in public and "Durand" not in public
    assert any(item["personal"].get("caller") == support.email for item in entries)


def plant(cloud):
    """A tenant's data that bear the mark: a blob and its name, a message, an entity, a secret."""
    group, account, vault = unique("rg"), unique("acct"), unique("v")
    cloud.make_group(group)
    cloud.make_account(group, account)
    holder = jwt.decode(cloud.token(cloud.arm + "/"), options={"verify_signature": False})["oid"]
    permissions = {"secrets": ["get", "set", "list"]}
    path = f"/subscriptions/{cloud.subscription}/resourceGroups/{group}/providers/Microsoft.KeyVault/vaults/{vault}"
    properties = {
        "tenantId": cloud.tenant, "sku": {"family": "A", "name": "standard"},
        "accessPolicies": [{"tenantId": cloud.tenant, "objectId": holder, "permissions": permissions}]
    }
    made = cloud.arm_session().put(cloud.arm_url(path, "2023-07-01"), json={"location": "paris", "properties": properties}, timeout=30)
    assert made.status_code in (200, 201), made.text
    session = cloud.session()
    session.headers.update({"Authorization": "Bearer " + cloud.token("https://storage.azure.com"), "x-ms-version": "2024-11-04"})
    queue, table = cloud.url(f"{account}.queue.core"), cloud.url(f"{account}.table.core")
    json_headers = {"Accept": "application/json;odata=nometadata"}
    answers = [
        session.put(f"{cloud.blob(account)}/private?restype=container", timeout=30),
        session.put(f"{cloud.blob(account)}/private/{CANARY}.txt", data=CANARY * 3, headers={"x-ms-blob-type": "BlockBlob"}, timeout=30),
        session.put(f"{queue}/private", timeout=30),
        session.post(f"{queue}/private/messages", data=f"<QueueMessage><MessageText>{CANARY}</MessageText></QueueMessage>", timeout=30),
        session.post(f"{table}/Tables", json={"TableName": "private"}, headers=json_headers, timeout=30),
        session.post(f"{table}/private", json={"PartitionKey": "p", "RowKey": "r", "Text": CANARY}, headers=json_headers, timeout=30),
        cloud.session().put(
            cloud.url(f"{vault}.vault") + "/secrets/one?api-version=7.4", json={"value": CANARY},
            headers={"Authorization": "Bearer " + cloud.token("https://vault.azure.net")}, timeout=30),
    ]
    assert [answer.status_code for answer in answers] == [201, 201, 201, 201, 201, 201, 200], [answer.text for answer in answers]
    read = session.get(f"{cloud.blob(account)}/private/{CANARY}.txt", timeout=30)
    assert read.text == CANARY * 3
    return f"/subscriptions/{cloud.subscription}/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/{account}"


def ask(cloud, command, arguments):
    """What the control socket answers, whole."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(180)
        connection.connect(str(cloud.data / "control.sock"))
        connection.sendall(json.dumps({"command": command, "arguments": arguments}).encode() + b"\n")
        answer = b""
        while piece := connection.recv(1 << 16):
            answer += piece
    return answer.decode()


def test_no_route_and_no_command_gives_out_what_is_a_tenants(operators, workspace, table):
    """Every route and every command there is, by the lists that the cloud itself goes by, called by a person with all roles and by the host's owner."""
    resource = plant(operators)
    person = add(operators, workspace, ec.generate_private_key(ec.SECP256R1()), "Lou Moreau", ["exploitation", "support", "securite", "auditeur"])
    bearer = signed_in(operators, person)
    served = json.loads(ask(operators, "operator routes", {}))["result"]
    assert len(served["routes"]) >= 4 and len(served["commands"]) >= 30

    # A request that waits for the tenant's answer opens nothing.
    enabled = operators.arm_session().post(
        operators.arm_url("/providers/Microsoft.CustomerLockbox/enableLockbox", "2018-02-28-preview"), timeout=30)
    assert enabled.status_code == 200, enabled.text
    draft = {"json": {"scope": resource, "justification": "essai", "hours": 1, "ticket": "T-1"}}
    opened = call(operators, person, "/lockboxRequests", bearer, "POST", **draft)
    assert opened.status_code == 201, opened.text
    waiting = opened.json()["id"]

    rows = []
    group = resource.split("/providers/")[0]
    query = {"id": resource, "account": resource, "group": group, "container": "private", "blob": f"{CANARY}.txt"}
    # What ends the request comes last.
    for route in sorted(served["routes"], key=lambda route: (not route["grant"], route["method"] != "GET")):
        path = route["pattern"].replace("{id}", waiting)
        body = draft if route["method"] != "GET" else {}
        answer = call(operators, person, path, bearer, route["method"], params=query, **body)
        assert CANARY not in answer.text.replace(query["blob"], ""), route
        assert answer.status_code < 500, (route, answer.text)
        if route["grant"]:
            assert answer.status_code == 403, (route, answer.status_code, answer.text)
        rows.append(f"{route['method']:5} {route['pattern']:44} {route.get('permission', '—'):52} {'grant' if route['grant'] else '':5} {answer.status_code}")
        # Without a token there is nothing at all.
        assert call(operators, person, path, None, route["method"], params=query, **body).status_code == 401

    folder = workspace / unique("out")
    folder.mkdir()
    arguments = {
        "tenant add": {"name": "autre"}, "tenant end": {"name": "autre", "notice": "2099-01-01"}, "tenant cancel": {"name": "autre"},
        "tenant erase": {"name": "autre"}, "tenant erasure": {"name": operators.tenant}, "ledger list": {"tenant": operators.tenant, "limit": 1000},
        "ledger receipt": {"sequence": 1}, "ledger export": {"folder": str(folder / "ledger")}, "backup create": {"folder": str(folder / "backup")},
        "backup test": {"folder": str(folder / "backup")}, "dossier build": {"folder": str(folder / "dossier"), "scope": "IaaS"},
        "secnumcloud observe": {"control": "CTL-IAM-08"}, "secnumcloud explain": {"item": "9.6.d"}, "operator show": {"person": person.email},
    }
    succeeded = set()
    for command in served["commands"]:
        answer = ask(operators, command["name"], arguments.get(command["name"], {"name": operators.tenant, "tenant": operators.tenant, "resource": resource}))
        assert CANARY not in answer, command
        assert "Unknown command" not in answer, command
        if "result" in json.loads(answer):
            succeeded.add(command["name"])
        rows.append(f"cocagne {command['name']:38} {command['shows']}")
    assert {"status", "ledger list", "ledger export", "backup create", "backup test", "tenant list", "tenant add", "operator list"} <= succeeded, succeeded
    # Nor do the files that commands write.
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert CANARY.encode() not in path.read_bytes(), path
    assert "Unknown command" in ask(operators, "blob show", {"resource": resource})
    table("\n".join(rows))
