"""Certificates: `az keyvault certificate …`, azure-keyvault-certificates, and the handshake that they are for."""

import base64
import json
import socket
import ssl
import subprocess
import threading

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.keyvault.certificates import (
    AdministratorContact, CertificateClient, CertificateContact, CertificateContentType, CertificatePolicy, CertificatePolicyAction, KeyCurveName,
    KeyType, KeyUsageType, LifetimeAction)
from azure.keyvault.secrets import SecretClient
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat, load_pem_private_key, pkcs12

from cloud import unique
from vaults import credential


@pytest.fixture
def client(cloud, vault):
    return CertificateClient(cloud.url(f"{vault}.vault"), credential(cloud))


@pytest.fixture
def secrets(cloud, vault):
    return SecretClient(cloud.url(f"{vault}.vault"), credential(cloud))


def openssl(*arguments, cwd):
    run = subprocess.run(["openssl", *arguments], cwd=cwd, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert run.returncode == 0, run.stderr
    return run.stdout


def public_bytes(key):
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def handshake(folder, host, authority):
    """Serves what `c.pem` holds, and connects as somebody who trusts the authority alone."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "c.pem")
    client = ssl.create_default_context(cadata=authority)
    left, right = socket.socketpair()
    thread = threading.Thread(target=lambda: server.wrap_socket(left, server_side=True).recv(1), daemon=True)
    thread.start()
    with client.wrap_socket(right, server_hostname=host) as connection:
        connection.send(b"x")
        version = connection.version()
    thread.join(10)
    return version


# az


def test_az_takes_a_certificate_through_its_life(az, vault, other_vault, tmp_path):
    name = unique("cert")
    where = ("--vault-name", vault, "-n", name)
    policy = json.dumps(az("keyvault", "certificate", "get-default-policy"))
    made = az("keyvault", "certificate", "create", *where, "-p", policy, "--tags", "a=1")
    assert made["status"] == "completed" and made["target"].endswith(f"/certificates/{name}")
    shown = az("keyvault", "certificate", "show", *where)
    certificate = x509.load_der_x509_certificate(base64.b64decode(shown["cer"]))
    assert certificate.subject.rfc4514_string() == "CN=CLIGetDefaultPolicy"
    assert shown["x509ThumbprintHex"] == certificate.fingerprint(hashes.SHA1()).hex().upper()
    assert shown["policy"]["x509CertificateProperties"]["validityInMonths"] == 12 and shown["tags"] == {"a": "1"}
    az("keyvault", "certificate", "download", *where, "-f", tmp_path / "c.pem")
    assert x509.load_pem_x509_certificate((tmp_path / "c.pem").read_bytes()) == certificate
    az("keyvault", "certificate", "download", *where, "-f", tmp_path / "c.der", "-e", "DER")
    assert x509.load_der_x509_certificate((tmp_path / "c.der").read_bytes()) == certificate

    az("keyvault", "secret", "download", "--vault-name", vault, "-n", name, "-f", tmp_path / "c.pfx", "-e", "base64")
    openssl("pkcs12", "-in", "c.pfx", "-passin", "pass:", "-nodes", "-out", "key.pem", cwd=tmp_path)
    assert openssl("pkey", "-in", "key.pem", "-pubout", cwd=tmp_path) == openssl("x509", "-in", "c.pem", "-noout", "-pubkey", cwd=tmp_path)

    az("keyvault", "certificate", "create", *where, "-p", policy)
    versions = az("keyvault", "certificate", "list-versions", *where)
    assert len(versions) == 2 and shown["id"] in [item["id"] for item in versions]
    assert name in [item["name"] for item in az("keyvault", "certificate", "list", "--vault-name", vault)]
    changed = az("keyvault", "certificate", "set-attributes", *where, "--enabled", "false", "--tags", "b=2")
    assert changed["attributes"]["enabled"] is False and changed["tags"] == {"b": "2"}
    az("keyvault", "certificate", "set-attributes", *where, "--enabled", "true")

    az("keyvault", "certificate", "backup", *where, "-f", tmp_path / "backup")
    restored = az("keyvault", "certificate", "restore", "--vault-name", other_vault, "-f", tmp_path / "backup")
    assert restored["sid"].split("/")[2].startswith(other_vault)
    assert az("keyvault", "secret", "show", "--vault-name", other_vault, "-n", name)["kid"] == restored["kid"]

    deleted = az("keyvault", "certificate", "delete", *where)
    assert deleted["recoveryId"].endswith(f"/deletedcertificates/{name}")
    assert name in [item["name"] for item in az("keyvault", "certificate", "list-deleted", "--vault-name", vault)]
    assert "ObjectIsDeletedButRecoverable" in az.refused("keyvault", "certificate", "create", *where, "-p", policy)
    az("keyvault", "certificate", "recover", *where)
    az("keyvault", "certificate", "delete", *where)
    az("keyvault", "certificate", "purge", *where)
    assert "CertificateNotFound" in az.refused("keyvault", "certificate", "show", *where)
    assert "SecretNotFound" in az.refused("keyvault", "secret", "show", "--vault-name", vault, "-n", name)


@pytest.mark.parametrize("form", ["pem", "pfx", "legacy"])
def test_az_imports_what_openssl_wrote(az, vault, tmp_path, form):
    name = unique("cert")
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "k.pem", "-out", "c.pem", "-subj", "/CN=imported", "-days", "365", cwd=tmp_path)
    (tmp_path / "in.pem").write_bytes((tmp_path / "k.pem").read_bytes() + (tmp_path / "c.pem").read_bytes())
    password = []
    if form != "pem":
        extra = ["-legacy"] if form == "legacy" else []
        openssl("pkcs12", "-export", "-in", "in.pem", "-out", "in.pfx", "-passout", "pass:geheim", *extra, cwd=tmp_path)
        password = ["--password", "geheim"]
    source = tmp_path / ("in.pem" if form == "pem" else "in.pfx")
    made = az("keyvault", "certificate", "import", "--vault-name", vault, "-n", name, "-f", source, *password)
    certificate = x509.load_der_x509_certificate(base64.b64decode(made["cer"]))
    assert certificate == x509.load_pem_x509_certificate((tmp_path / "c.pem").read_bytes())
    secret = az("keyvault", "secret", "show", "--vault-name", vault, "-n", name)
    if form == "pem":
        key = load_pem_private_key(secret["value"].encode(), None)
    else:
        key, held, further = pkcs12.load_key_and_certificates(base64.b64decode(secret["value"]), None)
        assert held == certificate and further == []
        wrong = az.refused("keyvault", "certificate", "import", "--vault-name", vault, "-n", unique("cert"), "-f", source, "--password", "other")
        assert "password" in wrong
    assert public_bytes(key.public_key()) == public_bytes(certificate.public_key())


def test_az_merges_what_an_authority_signed(az, vault, tmp_path):
    name = unique("cert")
    where = ("--vault-name", vault, "-n", name)
    policy = az("keyvault", "certificate", "get-default-policy")
    policy["issuerParameters"]["name"] = "Unknown"
    policy["secretProperties"]["contentType"] = "application/x-pem-file"
    made = az("keyvault", "certificate", "create", *where, "-p", json.dumps(policy))
    assert made["status"] == "inProgress"
    assert "inProgress" in az.refused("keyvault", "certificate", "create", *where, "-p", json.dumps(policy))
    pending = az("keyvault", "certificate", "pending", "show", *where)
    (tmp_path / "r.der").write_bytes(base64.b64decode(pending["csr"]))
    openssl("req", "-inform", "DER", "-in", "r.der", "-verify", "-out", "r.pem", cwd=tmp_path)
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=CA", cwd=tmp_path)
    (tmp_path / "names").write_text("subjectAltName=DNS:merged.example\nbasicConstraints=critical,CA:false\n")
    openssl(
        "x509", "-req", "-in", "r.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", "leaf.pem", "-extfile", "names", cwd=tmp_path)
    foreign = az.refused("keyvault", "certificate", "pending", "merge", *where, "-f", tmp_path / "ca.pem")
    assert "does not match the public part" in foreign
    merged = az("keyvault", "certificate", "pending", "merge", *where, "-f", tmp_path / "leaf.pem")
    assert base64.b64decode(merged["cer"]) == x509.load_pem_x509_certificate((tmp_path / "leaf.pem").read_bytes()).public_bytes(Encoding.DER)
    (tmp_path / "c.pem").write_text(az("keyvault", "secret", "show", "--vault-name", vault, "-n", name)["value"])
    assert handshake(tmp_path, "merged.example", (tmp_path / "ca.pem").read_text()) == "TLSv1.3"

    gone = ("--vault-name", vault, "-n", unique("cert"))
    az("keyvault", "certificate", "create", *gone, "-p", json.dumps(policy))
    az("keyvault", "certificate", "pending", "delete", *gone)
    assert "PendingCertificateNotFound" in az.refused("keyvault", "certificate", "pending", "show", *gone)


def test_az_keeps_contacts_and_issuers(az, vault):
    where = ("--vault-name", vault)
    az("keyvault", "certificate", "contact", "add", *where, "--email", "a@b.example", "--name", "A")
    az("keyvault", "certificate", "contact", "add", *where, "--email", "c@d.example")
    listed = az("keyvault", "certificate", "contact", "list", *where)
    assert [item["emailAddress"] for item in listed["contactList"]] == ["a@b.example", "c@d.example"]
    az("keyvault", "certificate", "contact", "delete", *where, "--email", "a@b.example")
    az("keyvault", "certificate", "contact", "delete", *where, "--email", "c@d.example")
    assert "ContactsNotFound" in az.refused("keyvault", "certificate", "contact", "list", *where)

    issuer = (*where, "--issuer-name", unique("issuer"))
    made = az("keyvault", "certificate", "issuer", "create", *issuer, "--provider-name", "DigiCert", "--account-id", "me", "--password", "geheim")
    assert made["provider"] == "DigiCert" and made["credentials"] == {"accountId": "me", "password": None}
    az("keyvault", "certificate", "issuer", "update", *issuer, "--organization-id", "7")
    az("keyvault", "certificate", "issuer", "admin", "add", *issuer, "--email", "x@y.example", "--first-name", "X")
    admins = az("keyvault", "certificate", "issuer", "admin", "list", *issuer)
    assert [admin["emailAddress"] for admin in admins] == ["x@y.example"]
    assert issuer[-1] in [item["id"].rsplit("/", 1)[1] for item in az("keyvault", "certificate", "issuer", "list", *where)]
    az("keyvault", "certificate", "issuer", "delete", *issuer)
    assert "CertificateIssuerNotFound" in az.refused("keyvault", "certificate", "issuer", "show", *issuer)


# azure-keyvault-certificates


@pytest.mark.parametrize("curve", [KeyCurveName.p_256, KeyCurveName.p_384, KeyCurveName.p_521])
def test_the_sdk_makes_a_certificate_and_serves_it(client, secrets, tmp_path, curve):
    name = unique("cert")
    policy = CertificatePolicy(
        "Self", subject="CN=www.contoso.example,O=Contoso", san_dns_names=["www.contoso.example"], san_emails=["a@contoso.example"],
        san_user_principal_names=["a@contoso.example"], san_ip_addresses=["192.0.2.1"], san_uris=["https://contoso.example"], key_type=KeyType.ec,
        key_curve_name=curve, exportable=True, reuse_key=False, content_type=CertificateContentType.pem, validity_in_months=3,
        key_usage=[KeyUsageType.digital_signature], enhanced_key_usage=["1.3.6.1.5.5.7.3.1"],
        lifetime_actions=[LifetimeAction(CertificatePolicyAction.auto_renew, lifetime_percentage=80)])
    made = client.begin_create_certificate(name, policy, tags={"a": "1"}, _polling_interval=0).result()
    certificate = x509.load_der_x509_certificate(bytes(made.cer))
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["www.contoso.example"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["192.0.2.1"]
    assert certificate.extensions.get_extension_for_class(x509.KeyUsage).critical
    assert made.policy.san_user_principal_names == ["a@contoso.example"] and made.policy.lifetime_actions[0].lifetime_percentage == 80
    assert (made.key_id, made.secret_id) == tuple(made.id.replace("/certificates/", f"/{kind}/") for kind in ("keys", "secrets"))
    secret = secrets.get_secret(name)
    assert secret.properties.key_id == made.key_id and secret.properties.managed and secret.properties.content_type == "application/x-pem-file"
    (tmp_path / "c.pem").write_text(secret.value)
    assert handshake(tmp_path, "www.contoso.example", certificate.public_bytes(Encoding.PEM).decode()) == "TLSv1.3"


def test_the_sdk_changes_lists_and_deletes(client):
    name = unique("cert")
    policy = CertificatePolicy.get_default()
    first = client.begin_create_certificate(name, policy, _polling_interval=0).result()
    policy._reuse_key = True
    assert client.update_certificate_policy(name, policy).reuse_key is True
    second = client.begin_create_certificate(name, client.get_certificate_policy(name), _polling_interval=0).result()
    assert {item.version for item in client.list_properties_of_certificate_versions(name)} == {first.properties.version, second.properties.version}
    keys = [x509.load_der_x509_certificate(bytes(made.cer)).public_key() for made in (first, second)]
    assert public_bytes(keys[0]) == public_bytes(keys[1])
    assert client.get_certificate_version(name, first.properties.version).cer == first.cer
    changed = client.update_certificate_properties(name, enabled=False, tags={"x": "y"})
    assert changed.properties.enabled is False and changed.properties.tags == {"x": "y"}
    client.begin_delete_certificate(name, _polling_interval=0).wait()
    assert client.get_deleted_certificate(name).name == name
    client.begin_recover_deleted_certificate(name, _polling_interval=0).wait()
    client.begin_delete_certificate(name, _polling_interval=0).wait()
    client.purge_deleted_certificate(name)
    with pytest.raises(ResourceNotFoundError):
        client.get_certificate(name)


def test_the_sdk_cancels_and_deletes_an_operation(client):
    name = unique("cert")
    policy = CertificatePolicy("Unknown", subject="CN=waits")
    waiting = client.begin_create_certificate(name, policy, _polling_interval=0).result()
    assert waiting.status == "inProgress" and x509.load_der_x509_csr(bytes(waiting.csr)).is_signature_valid
    assert name in [item.name for item in client.list_properties_of_certificates(include_pending=True)]
    assert name not in [item.name for item in client.list_properties_of_certificates()]
    with pytest.raises(ResourceExistsError):
        client.begin_create_certificate(name, policy)
    assert client.cancel_certificate_operation(name).cancellation_requested
    client.delete_certificate_operation(name)
    with pytest.raises(ResourceNotFoundError) as refusal:
        client.get_certificate_operation(name)
    assert refusal.value.error.code == "PendingCertificateNotFound"


def test_the_sdk_keeps_contacts_and_issuers(client):
    assert [contact.email for contact in client.set_contacts([CertificateContact(email="a@b.example", name="n", phone="1")])] == ["a@b.example"]
    assert client.get_contacts()[0].phone == "1"
    client.delete_contacts()
    with pytest.raises(ResourceNotFoundError):
        client.get_contacts()
    name = unique("issuer")
    admin = AdministratorContact(first_name="F", last_name="L", email="f@l.example", phone="1")
    made = client.create_issuer(name, "Test", account_id="k", password="p", organization_id="o", admin_contacts=[admin], enabled=True)
    assert made.provider == "Test" and made.admin_contacts[0].email == "f@l.example" and made.enabled
    assert client.update_issuer(name, enabled=False).enabled is False
    assert name in [issuer.name for issuer in client.list_properties_of_issuers()]
    assert client.delete_issuer(name).name == name


def test_the_platforms_authority_certifies_the_tenants_names_and_none_of_the_clouds(cloud, client, secrets, tmp_path):
    client.create_issuer("house", "Cocagne")
    host = f"www.{cloud.tenant}.internal"
    policy = CertificatePolicy(
        "house", subject=f"CN={host}", san_dns_names=[host], key_type=KeyType.ec, content_type=CertificateContentType.pem, validity_in_months=120)
    name = unique("cert")
    certificate = x509.load_der_x509_certificate(bytes(client.begin_create_certificate(name, policy, _polling_interval=0).result().cer))
    assert (certificate.not_valid_after_utc - certificate.not_valid_before_utc).days <= 825
    (tmp_path / "c.pem").write_text(secrets.get_secret(name).value)
    with open(cloud.ca) as authority:
        assert handshake(tmp_path, host, authority.read()) == "TLSv1.3"
    domain = cloud.url("login").split("//login.")[1].split(":")[0]
    for forbidden in (f"login.{domain}", f"*.vault.{domain}", domain, "localhost", "www.other.example"):
        with pytest.raises(HttpResponseError) as refusal:
            client.begin_create_certificate(unique("cert"), CertificatePolicy("house", san_dns_names=[forbidden]))
        assert refusal.value.status_code == 403 and refusal.value.error.innererror["code"] == "CertificateIssuerPolicy"


def test_a_certificate_that_python_wrote_is_taken_in(client, secrets):
    """PKCS#12 with the encryption that the library calls best, and a password beyond ASCII."""
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption

    source = client.begin_create_certificate(
        unique("cert"), CertificatePolicy("Self", subject="CN=s", key_type=KeyType.ec), _polling_interval=0).result()
    key, certificate, _ = pkcs12.load_key_and_certificates(base64.b64decode(secrets.get_secret(source.name).value), None)
    pfx = pkcs12.serialize_key_and_certificates(b"friendly", key, certificate, None, BestAvailableEncryption("clé€".encode()))
    made = client.import_certificate(unique("cert"), pfx, password="clé€")
    assert made.cer == source.cer
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + certificate.public_bytes(Encoding.PEM)
    policy = CertificatePolicy("Self", content_type=CertificateContentType.pem, subject="CN=ignored")
    assert client.import_certificate(unique("cert"), pem, policy=policy).cer == source.cer
    with pytest.raises(HttpResponseError) as refusal:
        client.import_certificate(unique("cert"), pfx, password="cle")
    assert refusal.value.status_code == 400 and refusal.value.error.code == "BadParameter"
