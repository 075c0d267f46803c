"""azure-storage-blob: streams, ranges, conditions, block lists and signatures."""

import hashlib
import os
from base64 import b64encode
from datetime import datetime, timedelta, timezone

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceModifiedError, ResourceNotFoundError
from azure.identity import ClientSecretCredential
from azure.storage.blob import (
    AccountSasPermissions, BlobBlock, BlobClient, BlobSasPermissions, BlobServiceClient, ContainerClient, ContainerSasPermissions, ContentSettings, CorsRule,
    ResourceTypes, generate_account_sas, generate_blob_sas, generate_container_sas)

from cloud import unique


@pytest.fixture(scope="module")
def service(cloud, account):
    return BlobServiceClient(cloud.blob(account[0]), credential=account[1])


@pytest.fixture
def box(service):
    container = service.create_container(unique("box"))
    yield container
    container.delete_container()


def soon(hours=1):
    return datetime.now(timezone.utc) + timedelta(hours=hours)


def code_of(refusal):
    return refusal.value.status_code, refusal.value.error_code


def test_a_stream_of_unknown_length_is_staged_in_blocks_and_read_back(box):
    digest = hashlib.sha256()

    def pieces():
        for _ in range(20):
            piece = os.urandom(1_000_003)
            digest.update(piece)
            yield piece

    client = ContainerClient(
        box.url.rsplit("/", 1)[0], box.container_name, credential=box.credential, max_block_size=4 << 20, max_single_put_size=4 << 20)
    blob = client.get_blob_client("stream")
    blob.upload_blob(pieces(), max_concurrency=4)
    assert len(blob.get_block_list("committed")[0]) > 1
    read = hashlib.sha256()
    for chunk in blob.download_blob(max_concurrency=4).chunks():
        read.update(chunk)
    assert read.digest() == digest.digest()


@pytest.mark.parametrize("offset, length", [(0, 1), (5, 100), (999_990, 10), (999_990, 1000), (0, None), (500_000, None)])
def test_a_range_is_what_was_asked_for(box, offset, length):
    content = os.urandom(1_000_000)
    blob = box.upload_blob("ranges", content, overwrite=True)
    assert blob.download_blob(offset, length).readall() == content[offset:None if length is None else offset + length]


def test_a_range_behind_the_end_is_refused(box):
    blob = box.upload_blob("short", b"12345")
    with pytest.raises(HttpResponseError) as refusal:
        blob.download_blob(5, 10).readall()
    assert code_of(refusal) == (416, "InvalidRange")


def test_conditions_guard_reads_and_writes(box):
    blob = box.get_blob_client("guarded")
    first = blob.upload_blob(b"one")["etag"]
    with pytest.raises(ResourceExistsError) as refusal:
        blob.upload_blob(b"again")
    assert code_of(refusal) == (409, "BlobAlreadyExists")
    second = blob.upload_blob(b"two", overwrite=True, etag=first, match_condition=MatchConditions.IfNotModified)["etag"]
    assert first != second
    with pytest.raises(ResourceModifiedError) as refusal:
        blob.upload_blob(b"three", overwrite=True, etag=first, match_condition=MatchConditions.IfNotModified)
    assert code_of(refusal) == (412, "ConditionNotMet")
    with pytest.raises(HttpResponseError) as refusal:
        blob.download_blob(etag=second, match_condition=MatchConditions.IfModified)
    assert refusal.value.status_code == 304
    with pytest.raises(ResourceModifiedError):
        blob.delete_blob(if_unmodified_since=datetime(2020, 1, 1, tzinfo=timezone.utc))
    assert blob.download_blob().readall() == b"two"


def test_block_lists_commit_what_they_name_in_their_order(box):
    blob = box.get_blob_client("blocks")
    names = [b64encode(f"{number:04}".encode()).decode() for number in range(4)]
    contents = [os.urandom(1000 + number) for number in range(4)]
    for name, content in zip(names, contents):
        blob.stage_block(name, content)
    committed, waiting = blob.get_block_list("all")
    assert committed == []
    assert {block.id: block.size for block in waiting} == {name: len(content) for name, content in zip(names, contents)}
    with pytest.raises(ResourceNotFoundError):
        blob.get_blob_properties()
    blob.commit_block_list([BlobBlock(names[2]), BlobBlock(names[0])])
    assert blob.download_blob().readall() == contents[2] + contents[0]
    committed, waiting = blob.get_block_list("all")
    assert ([block.id for block in committed], waiting) == ([names[2], names[0]], [])
    blob.stage_block(names[1], contents[1])
    blob.commit_block_list([BlobBlock(names[0]), BlobBlock(names[1]), BlobBlock(names[2])])
    assert blob.download_blob().readall() == contents[0] + contents[1] + contents[2]
    with pytest.raises(HttpResponseError) as refusal:
        blob.commit_block_list([BlobBlock(names[3])])
    assert code_of(refusal) == (400, "InvalidBlockList")


def test_a_digest_that_does_not_match_is_refused_and_leaves_nothing(cloud, account, box):
    blob = box.get_blob_client("digest")
    blob.upload_blob(b"hello", validate_content=True)
    settings = blob.get_blob_properties().content_settings
    assert bytes(settings.content_md5) == hashlib.md5(b"hello").digest()
    token = generate_container_sas(account[0], box.container_name, account[1], permission="rw", expiry=soon())
    for headers, code in [({"Content-MD5": b64encode(bytes(16)).decode()}, "Md5Mismatch"),
                          ({"x-ms-content-crc64": b64encode(bytes(8)).decode()}, "Crc64Mismatch")]:
        answer = cloud.session().put(
            f"{box.url}/other?{token}", data=b"hello", headers={"x-ms-blob-type": "BlockBlob", "x-ms-version": "2026-04-06"} | headers, timeout=30)
        assert (answer.status_code, answer.headers["x-ms-error-code"]) == (400, code)
    assert not box.get_blob_client("other").exists()


def test_properties_and_metadata_are_kept_and_changed(box):
    settings = ContentSettings("text/plain", "identity", "fr", "inline", "no-cache")
    blob = box.upload_blob("described", b"hello", metadata={"Colour": "blue"}, content_settings=settings)
    found = blob.get_blob_properties()
    assert found.metadata == {"Colour": "blue"}
    assert (found.content_settings.content_type, found.content_settings.content_language, found.content_settings.cache_control) == (
        "text/plain", "fr", "no-cache")
    blob.set_blob_metadata({"shape": "round"})
    blob.set_http_headers(ContentSettings("text/html"))
    found = blob.get_blob_properties()
    assert (found.metadata, found.content_settings.content_type, found.content_settings.content_language) == ({"shape": "round"}, "text/html", None)
    box.set_container_metadata({"owner": "tests"})
    assert box.get_container_properties().metadata == {"owner": "tests"}


def test_blobs_are_listed_flat_in_folders_and_in_pages(box):
    names = sorted(["a", "b/1", "b/2", "b/c/3", "d e", "ü", "z" * 1024] + [f"page/{number:03}" for number in range(30)])
    for name in names:
        box.upload_blob(name, b"x")
    assert [blob.name for blob in box.list_blobs()] == names
    assert [blob.name for blob in box.list_blobs(name_starts_with="b/")] == ["b/1", "b/2", "b/c/3"]
    assert sorted(item.name for item in box.walk_blobs(name_starts_with="b/")) == ["b/1", "b/2", "b/c/"]
    pages = [[blob.name for blob in page] for page in box.list_blobs(name_starts_with="page/", results_per_page=7).by_page()]
    assert [len(page) for page in pages] == [7, 7, 7, 7, 2]
    assert sum(pages, []) == [name for name in names if name.startswith("page/")]
    with pytest.raises(HttpResponseError):
        box.upload_blob("z" * 1025, b"x")


def test_containers_are_listed_in_pages(service):
    prefix = unique("box")
    for number in range(5):
        service.create_container(f"{prefix}-{number}", metadata={"number": str(number)})
    pages = [[item.name for item in page] for page in service.list_containers(prefix, results_per_page=2).by_page()]
    assert pages == [[f"{prefix}-0", f"{prefix}-1"], [f"{prefix}-2", f"{prefix}-3"], [f"{prefix}-4"]]
    assert [item.metadata["number"] for item in service.list_containers(prefix, include_metadata=True)] == ["0", "1", "2", "3", "4"]
    for number in range(5):
        service.delete_container(f"{prefix}-{number}")


def test_the_service_s_properties_are_kept(service):
    service.set_service_properties(cors=[CorsRule(["https://example.test"], ["GET"], max_age_in_seconds=60)])
    found = service.get_service_properties()["cors"]
    assert [(item.allowed_origins, item.allowed_methods, item.max_age_in_seconds) for item in found] == [("https://example.test", "GET", 60)]
    service.set_service_properties(cors=[])


def signatures(cloud, account, box):
    """A reading signature of each kind."""
    name, key = account
    credential = ClientSecretCredential(
        cloud.tenant, cloud.client_id, cloud.client_secret, authority=cloud.authority, disable_instance_discovery=True)
    delegation = BlobServiceClient(cloud.blob(name), credential=credential).get_user_delegation_key(
        datetime.now(timezone.utc) - timedelta(minutes=5), soon())
    return {
        "account": generate_account_sas(name, key, ResourceTypes(object=True), AccountSasPermissions(read=True), soon()),
        "container": generate_container_sas(name, box, key, permission=ContainerSasPermissions(read=True), expiry=soon()),
        "blob": generate_blob_sas(name, box, "one", account_key=key, permission=BlobSasPermissions(read=True), expiry=soon()),
        "user delegation, container": generate_container_sas(
            name, box, user_delegation_key=delegation, permission=ContainerSasPermissions(read=True), expiry=soon()),
        "user delegation, blob": generate_blob_sas(
            name, box, "one", user_delegation_key=delegation, permission=BlobSasPermissions(read=True), expiry=soon()),
    }


def test_a_signature_of_each_kind_reads_and_does_not_write(cloud, account, group, box, az):
    scope = f"/subscriptions/{cloud.subscription}/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/{account[0]}"
    principal = az("ad", "sp", "show", "--id", cloud.client_id)["id"]
    az(
        "role", "assignment", "create", "--assignee-object-id", principal, "--assignee-principal-type", "ServicePrincipal", "--role",
        "Storage Blob Data Owner", "--scope", scope)
    box.upload_blob("one", b"hello")
    for kind, token in signatures(cloud, account, box.container_name).items():
        blob = BlobClient(cloud.blob(account[0]), box.container_name, "one", credential=token)
        assert blob.download_blob().readall() == b"hello", kind
        with pytest.raises(HttpResponseError) as refusal:
            blob.upload_blob(b"changed", overwrite=True)
        assert code_of(refusal) == (403, "AuthorizationPermissionMismatch"), kind
        flipped = token.replace("sig=", "sig=AA")
        with pytest.raises(HttpResponseError) as refusal:
            BlobClient(cloud.blob(account[0]), box.container_name, "one", credential=flipped).download_blob()
        assert code_of(refusal) == (403, "AuthenticationFailed"), kind


@pytest.mark.parametrize("change, code", [
    ({"expiry": timedelta(minutes=-1)}, "AuthenticationFailed"),
    ({"start": timedelta(minutes=30)}, "AuthenticationFailed"),
    ({"ip": "203.0.113.7"}, "AuthorizationSourceIPMismatch"),
    ({"permission": "w"}, "AuthorizationPermissionMismatch"),
])
def test_a_signature_is_bound_to_its_time_address_and_permission(cloud, account, box, change, code):
    box.upload_blob("bound", b"hello")
    change = {name: datetime.now(timezone.utc) + value if isinstance(value, timedelta) else value for name, value in change.items()}
    token = generate_blob_sas(
        account[0], box.container_name, "bound", account_key=account[1], **({"permission": "r", "expiry": soon()} | change))
    with pytest.raises(HttpResponseError) as refusal:
        BlobClient(cloud.blob(account[0]), box.container_name, "bound", credential=token).download_blob()
    assert code_of(refusal) == (403, code)


def test_a_changed_field_of_a_signature_is_noticed(cloud, account, box):
    box.upload_blob("bound", b"hello")
    token = generate_blob_sas(account[0], box.container_name, "bound", account_key=account[1], permission="r", expiry=soon())
    with pytest.raises(HttpResponseError) as refusal:
        BlobClient(cloud.blob(account[0]), box.container_name, "bound", credential=token.replace("sp=r", "sp=rw")).download_blob()
    assert code_of(refusal) == (403, "AuthenticationFailed")


def test_the_path_style_serves_a_client_that_has_only_an_address(cloud, account, box):
    box.upload_blob("addressed", b"hello")
    string = f"AccountName={account[0]};AccountKey={account[1]};BlobEndpoint=https://127.0.0.1:{cloud.port}/{account[0]}"
    blob = BlobServiceClient.from_connection_string(string).get_blob_client(box.container_name, "addressed")
    assert blob.download_blob().readall() == b"hello"
    blob.upload_blob(b"changed", overwrite=True)
    assert box.get_blob_client("addressed").download_blob().readall() == b"changed"


def test_the_401_leads_a_client_to_the_authority(cloud, account):
    for headers, code in [({}, "NoAuthenticationInformation"), ({"Authorization": "Bearer nonsense"}, "InvalidAuthenticationInfo")]:
        answer = cloud.session().get(cloud.blob(account[0]) + "/?comp=list", headers={"x-ms-version": "2026-04-06"} | headers, timeout=30)
        assert (answer.status_code, answer.headers["x-ms-error-code"]) == (401, code)
        challenge = answer.headers["WWW-Authenticate"]
        assert f"authorization_uri={cloud.authority}/{cloud.tenant}/oauth2/authorize" in challenge
        assert "resource_id=https://storage.azure.com" in challenge
