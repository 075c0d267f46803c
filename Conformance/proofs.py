"""The ways in which `az storage` proves who asks, as fixtures that a module takes for its service."""

from datetime import datetime, timedelta, timezone

import pytest


def soon():
    return (datetime.now(timezone.utc) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%MZ")


def data_role_fixture(role):
    @pytest.fixture(scope="module")
    def data_role(cloud, az, account, group):
        """Lets the administrator's service principal at the data: owning an account does not."""
        name, _ = account
        scope = f"/subscriptions/{cloud.subscription}/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/{name}"
        principal = az("ad", "sp", "show", "--id", cloud.client_id)["id"]
        az("role", "assignment", "create", "--assignee-object-id", principal, "--assignee-principal-type", "ServicePrincipal", "--role", role, "--scope", scope)

    return data_role


def proof_fixture(services, permissions):
    @pytest.fixture(params=["key", "login", "sas"])
    def proof(request, az, account):
        """The options that prove who asks."""
        if request.param == "sas":
            token = az.text(
                "storage", "account", "generate-sas", "--account-name", account[0], "--account-key", account[1], "--services", services,
                "--resource-types", "sco", "--permissions", permissions, "--expiry", soon(), "--https-only")
            return "--account-name", account[0], "--sas-token", token
        if request.param == "login":
            request.getfixturevalue("data_role")
        return "--account-name", account[0], "--auth-mode", request.param

    return proof
