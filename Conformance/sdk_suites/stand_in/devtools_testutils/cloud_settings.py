"""Leads clients that the tests make for Microsoft's public cloud to the cloud under test."""

import functools
import os


def apply():
    """Some tests make a client of Resource Manager, and say nothing of where that is: the SDK's own default is changed."""
    manager = os.environ.get("AZURE_RESOURCE_MANAGER_URL")
    if not manager:
        return
    try:
        from azure.mgmt.storage import StorageManagementClient
        from azure.mgmt.storage.aio import StorageManagementClient as AsyncStorageManagementClient
    except ImportError:
        return
    for client in (StorageManagementClient, AsyncStorageManagementClient):
        client.__init__ = functools.partialmethod(client.__init__, base_url=manager, credential_scopes=[f"{manager}/.default"])
