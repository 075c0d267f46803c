"""azure-identity: each credential that works without a browser."""

import base64
import json
from datetime import datetime, timedelta, timezone

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import CertificateCredential, ClientSecretCredential, EnvironmentCredential
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.storage.blob import BlobServiceClient
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID


def claims(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def group_names(cloud, credential):
    client = ResourceManagementClient(credential, cloud.subscription, base_url=cloud.arm, credential_scopes=[cloud.arm + "/.default"])
    return [group.name for group in client.resource_groups.list()]


def certificate():
    """A new self-signed certificate and its key."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "conformance")])
    now = datetime.now(timezone.utc)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - timedelta(hours=1), now + timedelta(days=1))
    return made.sign(key, hashes.SHA256()), key


def pem(made, key):
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()) + made.public_bytes(serialization.Encoding.PEM)


def test_a_secret_credential_reaches_the_resource_manager(cloud, group):
    credential = ClientSecretCredential(
        cloud.tenant, cloud.client_id, cloud.client_secret, authority=cloud.authority, disable_instance_discovery=True)
    token = claims(credential.get_token(cloud.arm + "/.default").token)
    assert (token["tid"], token["appid"], token["idtyp"]) == (cloud.tenant, cloud.client_id, "app")
    assert group in group_names(cloud, credential)


def test_a_wrong_secret_is_refused(cloud):
    credential = ClientSecretCredential(cloud.tenant, cloud.client_id, "wrong", authority=cloud.authority, disable_instance_discovery=True)
    with pytest.raises(ClientAuthenticationError, match="AADSTS7000215"):
        credential.get_token(cloud.arm + "/.default")


def test_the_environment_alone_is_enough_under_the_adfs_authority(cloud, group, account, monkeypatch):
    monkeypatch.setenv("AZURE_TENANT_ID", "adfs")
    credential = EnvironmentCredential()
    assert group in group_names(cloud, credential)
    assert list(BlobServiceClient(cloud.blob(account[0]), credential=credential).list_containers()) is not None


@pytest.fixture
def certified(cloud):
    """An application with a certificate: its id and the PEM of certificate and key."""
    made, key = certificate()
    session = cloud.session()
    session.headers["Authorization"] = "Bearer " + cloud.token(cloud.graph + "/")
    encoded = base64.b64encode(made.public_bytes(serialization.Encoding.DER)).decode()
    credentials = [{"type": "AsymmetricX509Cert", "usage": "Verify", "key": encoded, "displayName": "conformance"}]
    application = session.post(
        cloud.graph + "/v1.0/applications", json={"displayName": "certified", "keyCredentials": credentials}, timeout=30)
    assert application.status_code == 201, application.text
    identifier = application.json()["appId"]
    principal = session.post(cloud.graph + "/v1.0/servicePrincipals", json={"appId": identifier}, timeout=30)
    assert principal.status_code == 201, principal.text
    yield identifier, pem(made, key)
    session.delete(f"{cloud.graph}/v1.0/applications/{application.json()['id']}", timeout=30)


@pytest.mark.parametrize("tenant", ["its own", "adfs"])
def test_a_certificate_credential_gets_a_token(cloud, certified, tenant):
    identifier, data = certified
    credential = CertificateCredential(
        cloud.tenant if tenant == "its own" else tenant, identifier, certificate_data=data, authority=cloud.authority,
        disable_instance_discovery=True)
    assert claims(credential.get_token(cloud.arm + "/.default").token)["appid"] == identifier


def test_another_certificate_is_refused(cloud, certified):
    identifier, _ = certified
    credential = CertificateCredential(
        cloud.tenant, identifier, certificate_data=pem(*certificate()), authority=cloud.authority, disable_instance_discovery=True)
    with pytest.raises(ClientAuthenticationError, match="AADSTS700027"):
        credential.get_token(cloud.arm + "/.default")
