"""Azure Confidential Ledger: Microsoft's own clients, and Microsoft's own verifier of receipts."""

import copy
import json
import threading

import pytest
import requests
from azure.confidentialledger import ConfidentialLedgerClient
from azure.confidentialledger.certificate import ConfidentialLedgerCertificateClient
from azure.confidentialledger.receipt import verify_receipt
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
from azure.identity import ClientSecretCredential
from azure.mgmt.confidentialledger import ConfidentialLedger
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from cloud import unique
from test_tenant_end import ERASURE_SECONDS, add, await_erasure, day, up_later


def credential(cloud, whose=None):
    tenant, client, secret = (whose["tenantId"], whose["clientId"], whose["clientSecret"]) if whose else (
        cloud.tenant, cloud.client_id, cloud.client_secret)
    return ClientSecretCredential(tenant, client, secret, authority=cloud.authority, disable_instance_discovery=True)


def management(cloud):
    return ConfidentialLedger(credential(cloud), cloud.subscription, base_url=cloud.arm, credential_scopes=[cloud.arm + "/.default"])


def make(cloud, group, name, **properties):
    body = {"location": "paris", "properties": {"ledgerType": "Private", "aadBasedSecurityPrincipals": [], **properties}}
    return management(cloud).ledger.begin_create(group, name, body).result(timeout=60)


def certificate(cloud, name):
    """What Microsoft's certificate client gets, as the guides have it: for the connection and for receipts alike."""
    return ConfidentialLedgerCertificateClient(cloud.url("identity.ledger")).get_ledger_identity(name)["ledgerTlsCertificate"]


class Ledger:
    """A ledger and its client, which trusts the ledger's certificate file and nothing else."""

    def __init__(self, cloud, name, folder, whose=None):
        self.name = name
        self.certificate = certificate(cloud, name)
        path = folder / f"{unique(name)}.pem"
        path.write_text(self.certificate)
        self.client = ConfidentialLedgerClient(cloud.url(f"{name}.ledger"), credential(cloud, whose), ledger_certificate_path=str(path))

    def append(self, contents, **options):
        return self.client.begin_create_ledger_entry({"contents": contents}, polling_interval=0.01, **options).result()["transactionId"]

    def receipt(self, transaction):
        return self.client.begin_get_receipt(transaction, polling_interval=0.01).result()


@pytest.fixture(scope="module")
def ledger(cloud, group, tmp_path_factory):
    name = unique("led")
    make(cloud, group, name)
    return Ledger(cloud, name, tmp_path_factory.mktemp("ledger"))


@pytest.fixture(scope="module")
def other(cloud):
    """A second tenant: its ids and its administrator's secrets."""
    return json.loads(cloud.command("tenant", "add", unique("tenant"), "--json").stdout)


def test_a_ledger_lives_and_dies(cloud, group):
    ledgers = management(cloud).ledger
    name = unique("led")
    assert management(cloud).check_name_availability({"name": name, "type": "Microsoft.ConfidentialLedger/ledgers"}).name_available is True
    made = make(cloud, group, name, ledgerType="Public")
    assert made.properties.ledger_uri == cloud.url(f"{name}.ledger")
    assert made.properties.identity_service_uri == cloud.url("identity.ledger") + f"/ledgerIdentity/{name}"
    assert (made.properties.provisioning_state, made.properties.ledger_type) == ("Succeeded", "Public")
    assert [user.ledger_role_name for user in made.properties.aad_based_security_principals] == ["Administrator"]
    taken = management(cloud).check_name_availability({"name": name.upper(), "type": "Microsoft.ConfidentialLedger/ledgers"})
    assert (taken.name_available, taken.reason) == (False, "AlreadyExists")
    assert ledgers.get(group, name).id == made.id
    assert name in [item.name for item in ledgers.list_by_resource_group(group)]
    assert name in [item.name for item in ledgers.list_by_subscription()]
    assert ledgers.begin_update(group, name, {"location": "paris", "tags": {"env": "test"}}).result(timeout=60).tags == {"env": "test"}
    ledgers.begin_delete(group, name).result(timeout=60)
    with pytest.raises(ResourceNotFoundError):
        ledgers.get(group, name)
    with pytest.raises(ResourceNotFoundError):
        certificate(cloud, name)


def test_what_is_appended_is_read_and_listed(ledger):
    first = ledger.append("one")
    second = ledger.append("deux \N{CHEESE WEDGE}", collection_id="books")
    third = ledger.append("three")
    assert ledger.client.get_current_ledger_entry()["contents"] == "three"
    entry = ledger.client.begin_get_ledger_entry(second, collection_id="books").result()["entry"]
    assert entry == {"collectionId": "books", "contents": "deux \N{CHEESE WEDGE}", "transactionId": second}
    assert [item["transactionId"] for item in ledger.client.list_ledger_entries(from_transaction_id=first)] == [first, third]
    assert {item["collectionId"] for item in ledger.client.list_collections()} >= {"subledger:0", "books"}
    assert ledger.client.get_transaction_status(first) == {"state": "Committed", "transactionId": first}


def test_a_list_longer_than_a_page_is_whole(ledger):
    wanted = [f"entry {number}" for number in range(230)]
    for contents in wanted:
        ledger.client.create_ledger_entry({"contents": contents}, collection_id="long")
    assert [item["contents"] for item in ledger.client.list_ledger_entries(collection_id="long")] == wanted


def test_receipts_convince_microsofts_verifier(ledger):
    transactions = [ledger.append(f"evidence {number}", collection_id="proof") for number in range(5)]
    for number, transaction in enumerate(transactions):
        answer = ledger.receipt(transaction)
        assert answer["transactionId"] == transaction
        verify_receipt(answer["receipt"], ledger.certificate)
        claims = answer["applicationClaims"]
        verify_receipt(answer["receipt"], ledger.certificate, application_claims=claims)
        entry = claims[0]["ledgerEntry"]
        assert (entry["collectionId"], entry["contents"]) == ("proof", f"evidence {number}")


def altered(digits):
    return ("0" if digits[0] != "0" else "1") + digits[1:]


def change_leaf(name):
    def change(receipt):
        receipt["leafComponents"][name] = altered(receipt["leafComponents"][name])
    return change


def change_proof(receipt):
    side, digits = next(iter(receipt["proof"][-1].items()))
    receipt["proof"][-1] = {side: altered(digits)}


def change_side(receipt):
    side, digits = next(iter(receipt["proof"][-1].items()))
    receipt["proof"][-1] = {"left" if side == "right" else "right": digits}


def drop_sibling(receipt):
    receipt["proof"].pop()


@pytest.mark.parametrize("change", [
    change_leaf("writeSetDigest"), change_leaf("claimsDigest"), change_leaf("commitEvidence"), change_proof, change_side, drop_sibling])
def test_an_altered_receipt_convinces_nobody(ledger, change):
    ledger.append("before")
    receipt = ledger.receipt(ledger.append("evidence"))["receipt"]
    verify_receipt(receipt, ledger.certificate)
    forged = copy.deepcopy(receipt)
    change(forged)
    with pytest.raises(ValueError):
        verify_receipt(forged, ledger.certificate)


def test_altered_claims_and_a_receipt_of_another_ledger_convince_nobody(cloud, group, ledger):
    answer = ledger.receipt(ledger.append("evidence"))
    claims = copy.deepcopy(answer["applicationClaims"])
    claims[0]["ledgerEntry"]["contents"] = "forgery"
    with pytest.raises(ValueError):
        verify_receipt(answer["receipt"], ledger.certificate, application_claims=claims)
    name = unique("led")
    make(cloud, group, name)
    with pytest.raises(ValueError):
        verify_receipt(answer["receipt"], certificate(cloud, name))


def test_the_certificate_file_anchors_the_connection_and_the_receipts(cloud, ledger):
    """The ledger's own certificate comes first, as the verifier takes that; the cloud's authority behind it, as TLS takes any."""
    own, authority = x509.load_pem_x509_certificates(ledger.certificate.encode())
    assert isinstance(own.public_key(), ec.EllipticCurvePublicKey) and own.issuer == own.subject
    with open(cloud.ca, "rb") as file:
        assert authority == x509.load_pem_x509_certificate(file.read())
    with requests.Session() as session:
        # Nobody has to be signed in to learn whom to trust.
        session.verify = cloud.ca
        assert session.get(cloud.url("identity.ledger") + f"/ledgerIdentity/{ledger.name}", timeout=30).status_code == 200


def test_users_have_roles_and_lose_them(ledger):
    user = "0a1b2c3d-0000-4000-8000-00000000000f"
    assert ledger.client.create_or_update_user(user, {"assignedRole": "Reader"}) == {"assignedRole": "Reader", "userId": user}
    assert ledger.client.create_or_update_user(user, {"assignedRole": "Contributor"})["assignedRole"] == "Contributor"
    assert ledger.client.get_user(user) == {"assignedRole": "Contributor", "userId": user}
    ledger.client.delete_user(user)
    with pytest.raises(ResourceNotFoundError):
        ledger.client.get_user(user)
    with pytest.raises(HttpResponseError) as refusal:
        ledger.client.create_or_update_user(user, {"assignedRole": "Owner"})
    assert (refusal.value.status_code, refusal.value.error.code) == (400, "InvalidInput")


def test_a_cloud_without_enclaves_claims_none(ledger):
    assert ledger.client.get_enclave_quotes()["enclaveQuotes"] == {}
    assert list(ledger.client.list_consortium_members()) == []
    assert "Rejected" in ledger.client.get_constitution()["script"]


def test_a_second_tenant_is_refused(cloud, ledger, other, tmp_path):
    foreign = Ledger(cloud, ledger.name, tmp_path, whose=other)
    for attempt in [lambda: foreign.client.create_ledger_entry({"contents": "x"}), foreign.client.get_current_ledger_entry,
                    lambda: list(foreign.client.list_ledger_entries()), lambda: foreign.client.create_or_update_user(
                        "0a1b2c3d-0000-4000-8000-00000000000f", {"assignedRole": "Administrator"})]:
        with pytest.raises(HttpResponseError) as refusal:
            attempt()
        assert (refusal.value.status_code, refusal.value.error.code) == (403, "NotAllowed")


def test_a_token_for_something_else_is_none(cloud, ledger, tmp_path):
    path = tmp_path / "ledger.pem"
    path.write_text(ledger.certificate)
    client = ConfidentialLedgerClient(
        cloud.url(f"{ledger.name}.ledger"), credential(cloud), ledger_certificate_path=str(path),
        credential_scopes=["https://vault.azure.net/.default"])
    with pytest.raises(ClientAuthenticationError) as refusal:
        client.get_current_ledger_entry()
    assert refusal.value.error.code == "InvalidAuthenticationInfo"


def test_this_clouds_own_name_is_an_audience_too(cloud, ledger):
    session = cloud.session()
    session.headers["Authorization"] = "Bearer " + cloud.token(cloud.url("ledger"))
    assert session.get(cloud.url(f"{ledger.name}.ledger") + "/app/collections?api-version=2022-05-13", timeout=30).status_code == 200


def test_what_is_not_served_says_so(cloud, group, ledger):
    with pytest.raises(HttpResponseError) as refusal:
        make(cloud, group, unique("led"), certBasedSecurityPrincipals=[{"cert": "PEM", "ledgerRoleName": "Reader"}])
    assert (refusal.value.status_code, refusal.value.error.code) == (400, "FeatureNotSupported")
    path = f"/subscriptions/{cloud.subscription}/resourceGroups/{group}/providers/Microsoft.ConfidentialLedger/managedCCFs/{unique('ccf')}"
    answer = cloud.arm_session().put(cloud.arm_url(path, "2023-01-26-preview"), json={"location": "paris"}, timeout=30)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "InvalidResourceType")


def test_an_answered_entry_survives_a_kill_and_its_receipt_can_be_had_after_it(own_cloud, tmp_path, monkeypatch):
    cloud = own_cloud()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", cloud.ca)
    cloud.make_group("rg")
    name = unique("led")
    make(cloud, "rg", name)
    ledger = Ledger(cloud, name, tmp_path)
    answered = {}

    def write(writer):
        number = 0
        while True:
            contents = f"{writer}-{number}"
            try:
                answered[ledger.client.create_ledger_entry({"contents": contents}, retry_total=0)["transactionId"]] = contents
            except Exception:  # The process is gone: whatever was not answered may be there or not.
                return
            number += 1

    writers = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for writer in writers:
        writer.start()
    while len(answered) < 40:
        writers[0].join(0.01)
    cloud.kill()
    for writer in writers:
        writer.join()
    cloud.up()
    again = Ledger(cloud, name, tmp_path)
    assert again.certificate == ledger.certificate
    listed = {item["transactionId"]: item["contents"] for item in again.client.list_ledger_entries()}
    assert answered.items() <= listed.items()
    assert len(set(listed.values())) == len(listed), "no entry is doubled"
    for transaction in list(answered)[-5:]:
        answer = again.receipt(transaction)
        verify_receipt(answer["receipt"], ledger.certificate, application_claims=answer["applicationClaims"])
    assert int(again.append("after").split(".")[1]) == 2 + len(listed), "the order has no gap"


def test_the_ledger_of_an_ended_tenant_is_erased_with_it(own_cloud, monkeypatch):
    cloud = own_cloud()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", cloud.ca)
    tenant = add(cloud, name := unique("tenant"))
    session = cloud.arm_session(client_id=tenant["clientId"], secret=tenant["clientSecret"], tenant=tenant["tenantId"])
    base = f"/subscriptions/{tenant['subscriptionId']}/resourceGroups/notary"
    assert session.put(cloud.arm_url(base), json={"location": "paris"}, timeout=30).status_code == 201
    path = f"{base}/providers/Microsoft.ConfidentialLedger/ledgers/{(ledger := unique('led'))}"
    assert session.put(cloud.arm_url(path, "2022-05-13"), json={"location": "paris", "properties": {}}, timeout=30).status_code in (200, 201)
    session.headers["Authorization"] = "Bearer " + cloud.token(
        "https://confidential-ledger.azure.com", tenant["clientId"], tenant["clientSecret"], tenant["tenantId"])
    # Names of collections lie readable in the records.
    url = cloud.url(f"{ledger}.ledger") + f"/app/transactions?api-version=2022-05-13&collectionId={(collection := unique('collection'))}"
    assert session.post(url, json={"contents": "what the customer wrote"}, timeout=30).status_code == 200
    cloud.command("tenant", "end", name, "--notice", day(21))
    cloud.stop()

    def is_on_disk():
        return any(collection.encode() in file.read_bytes() for file in (cloud.data / "records").iterdir() if file.is_file())

    assert is_on_disk()
    up_later(cloud, 22)
    cloud.command("tenant", "erase", name, timeout=ERASURE_SECONDS)
    await_erasure(cloud, tenant["tenantId"])
    with pytest.raises(ResourceNotFoundError):
        certificate(cloud, ledger)
    cloud.stop()
    assert not is_on_disk()
