"""Retention policies of containers, through `az storage container immutability-policy`: written once, read by anybody, changed by nobody."""

import pytest
from azure.core.exceptions import ResourceExistsError
from azure.storage.blob import BlobServiceClient

from cloud import unique

DAYS = 3
POLICY = ("storage", "container", "immutability-policy")


@pytest.fixture
def place(az, account, group):
    name = unique("kept")
    az("storage", "container", "create", "-n", name, "--account-name", account[0], "--account-key", account[1])
    return ["--account-name", account[0], "-g", group, "-c", name]


def test_a_policy_is_locked_and_extended_by_who_knows_its_state_and_keeps_blobs(az, cloud, account, place):
    made = az(*POLICY, "create", *place, "--period", str(DAYS))
    assert made["state"] == "Unlocked"
    changed = az(*POLICY, "create", *place, "--period", str(DAYS + 1))
    assert "PreconditionFailed" in az.refused(*POLICY, "lock", *place, "--if-match", made["etag"])
    locked = az(*POLICY, "lock", *place, "--if-match", changed["etag"])
    assert locked["state"] == "Locked"
    extended = az(*POLICY, "extend", *place, "--if-match", az(*POLICY, "show", *place)["etag"], "--period", str(DAYS + 2))
    assert extended["immutabilityPeriodSinceCreationInDays"] == DAYS + 2

    service = BlobServiceClient(
        cloud.blob(account[0]), credential=account[1], connection_verify=cloud.ca, retry_total=0, use_env_settings=False)
    blob = service.get_blob_client(place[-1], "report")
    blob.upload_blob(b"as it was")
    for change in (lambda: blob.upload_blob(b"other", overwrite=True), blob.delete_blob, blob.create_snapshot, lambda: blob.set_blob_metadata({"a": "b"})):
        with pytest.raises(ResourceExistsError) as refusal:
            change()
        assert refusal.value.error_code == "BlobImmutableDueToPolicy"
    assert blob.download_blob().readall() == b"as it was"
    assert "ContainerImmutabilityPolicyFailure" in az.refused(*POLICY, "delete", *place, "--if-match", extended["etag"])
