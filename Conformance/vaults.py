"""Vaults for tests: made over Resource Manager, with a role on them for whoever makes them."""

import base64
import json
import uuid

from azure.identity import ClientSecretCredential

VAULT_VERSION = "2026-02-01"
KEY_VAULT_ADMINISTRATOR = "00482a5a-887f-4fb3-b363-3b7fe8e74483"


def object_id(token):
    """Who a token speaks for."""
    claims = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["oid"]


def vault_path(cloud, group, name):
    return f"/subscriptions/{cloud.subscription}/resourceGroups/{group}/providers/Microsoft.KeyVault/vaults/{name}"


def make_vault(cloud, group, name, role=KEY_VAULT_ADMINISTRATOR, **properties):
    """The URL of a new vault. `role` is what the administrator gets on it; with `enableRbacAuthorization=False` access policies decide."""
    session = cloud.arm_session()
    path = vault_path(cloud, group, name)
    body = {"location": "paris", "properties": {"tenantId": cloud.tenant, "sku": {"family": "A", "name": "standard"}} | properties}
    answer = session.put(cloud.arm_url(path, VAULT_VERSION), json=body, timeout=30)
    assert answer.status_code in (200, 201), answer.text
    if role:
        give_role(cloud, path, role, object_id(cloud.token(cloud.arm + "/")))
    return cloud.url(f"{name}.vault")


def give_role(cloud, scope, role, principal, principal_type="ServicePrincipal"):
    body = {
        "properties": {
            "roleDefinitionId": f"/subscriptions/{cloud.subscription}/providers/Microsoft.Authorization/roleDefinitions/{role}",
            "principalId": principal, "principalType": principal_type
        }
    }
    assignment = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}"
    answer = cloud.arm_session().put(cloud.arm_url(assignment, "2022-04-01"), json=body, timeout=30)
    assert answer.status_code == 201, answer.text


def credential(cloud, client_id=None, secret=None, tenant=None):
    return ClientSecretCredential(
        tenant or cloud.tenant, client_id or cloud.client_id, secret or cloud.client_secret, authority=cloud.authority,
        disable_instance_discovery=True, connection_verify=cloud.ca)


def vault_session(cloud, **whose):
    """Raw requests with a token for vaults."""
    session = cloud.session()
    session.headers["Authorization"] = "Bearer " + cloud.token(cloud.url("vault"), **whose)
    return session
