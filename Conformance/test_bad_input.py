"""What clients must not send, and the answer that Azure has for it; nothing of it changes anything, and the cloud goes on."""

import base64
import hmac
import json
import os
import socket
import ssl
import time
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from urllib.parse import quote, urlsplit

import pytest
from azure.storage.blob import BlobServiceClient, ContainerSasPermissions, generate_container_sas
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from cloud import unique

VERSION = "2024-11-04"
# The door's own bounds, in seconds and bytes.
FIRST_HEAD_SECONDS = 15
# The application that the Azure CLI is, everywhere: one without a secret.
AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
HEADER_BYTES = 32 << 10
JSON_BYTES = 4 << 20


@pytest.fixture(scope="module")
def box(account, cloud):
    name = unique("box")
    service = BlobServiceClient(cloud.blob(account[0]), credential=account[1], connection_verify=cloud.ca, use_env_settings=False)
    container = service.create_container(name)
    container.upload_blob("note", b"hello")
    return container


@pytest.fixture(scope="module")
def signature(cloud, account, box):
    """A query that lets its bearer do everything in the container."""
    return generate_container_sas(
        account[0], box.container_name, account[1], permission=ContainerSasPermissions(True, True, True, True),
        expiry=datetime.now(timezone.utc) + timedelta(hours=1))


# Tokens


def decode(part):
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def encode(value):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def own_key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def rs256(key, header, claims):
    signed = f"{encode(header)}.{encode(claims)}"
    return f"{signed}.{encode(key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def public_pem(cloud, kid):
    keys = cloud.session().get(f"{cloud.authority}/{cloud.tenant}/discovery/v2.0/keys", timeout=30).json()["keys"]
    key = next(key for key in keys if key["kid"] == kid)
    numbers = [int.from_bytes(base64.urlsafe_b64decode(key[part] + "=="), "big") for part in ("e", "n")]
    return rsa.RSAPublicNumbers(*numbers).public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def forged(cloud, token):
    """What an attacker makes of a token, by what is wrong with it."""
    header, claims = map(decode, token.split(".")[:2])
    signature = token.split(".")[2]
    key = own_key()
    yield "alg none", f"{encode(header | {'alg': 'none'})}.{encode(claims)}."
    yield "alg none, signature kept", f"{encode(header | {'alg': 'none'})}.{encode(claims)}.{signature}"
    signed = f"{encode(header | {'alg': 'HS256'})}.{encode(claims)}"
    for form in (public_pem(cloud, header["kid"]), public_pem(cloud, header["kid"]).strip()):
        yield "HS256 with the public key", f"{signed}.{encode(hmac.digest(form, signed.encode(), 'sha256'))}"
    yield "claims changed", f"{token.split('.')[0]}.{encode(claims | {'oid': 'ffffffff-ffff-4fff-8fff-ffffffffffff'})}.{signature}"
    yield "another key under the same kid", rs256(key, header, claims)
    numbers = key.public_key().public_numbers()
    jwk = {"kty": "RSA", "n": encode(numbers.n.to_bytes(256, "big")), "e": "AQAB"}
    yield "a key of its own in the header", rs256(key, {"typ": "JWT", "alg": "RS256", "jwk": jwk}, claims)
    yield "an unknown kid", rs256(key, header | {"kid": "unknown"}, claims)
    yield "expired and resigned by another", rs256(key, header, claims | {"exp": claims["exp"] + 10_000})
    yield "signature cut", token[:-10]
    yield "signature absent", token.rsplit(".", 1)[0] + "."
    yield "a part too many", token + ".x"
    yield "no JSON", f"{encode(b'no JSON')}.{encode(b'neither')}.{signature}"
    yield "not base64", "a.b!.c"
    yield "empty", ""
    yield "very long", "a" * 20_000


def test_no_forged_token_is_taken_anywhere(cloud, account):
    token = cloud.token(cloud.arm + "/")
    session = cloud.session()
    for what, forgery in forged(cloud, token):
        headers = {"Authorization": f"Bearer {forgery}", "x-ms-version": VERSION}
        arm = session.get(cloud.arm_url("/subscriptions", "2022-12-01"), headers=headers, timeout=30)
        assert arm.status_code == 401, (what, arm.text)
        assert arm.json()["error"]["code"] in ("AuthenticationFailed", "InvalidAuthenticationToken"), (what, arm.text)
        assert arm.headers["WWW-Authenticate"].startswith("Bearer "), what
        graph = session.get(f"{cloud.graph}/v1.0/me", headers=headers, timeout=30)
        assert (graph.status_code, graph.json()["error"]["code"]) == (401, "InvalidAuthenticationToken"), (what, graph.text)
        blob = session.get(f"{cloud.blob(account[0])}/?comp=list", headers=headers, timeout=30)
        # A scheme without anything behind it is no attempt to prove who asks.
        assert blob.status_code == (400 if forgery == "" else 401), (what, blob.text)
    assert session.get(cloud.arm_url("/subscriptions", "2022-12-01"), headers={"Authorization": f"Bearer {token}"}, timeout=30).status_code == 200


def test_a_token_for_one_service_is_none_for_another(cloud, account):
    session = cloud.session()
    arm, graph, storage = [cloud.token(resource) for resource in (cloud.arm, cloud.graph, "https://storage.azure.com")]
    for address, wrong in [
        (cloud.arm_url("/subscriptions", "2022-12-01"), (graph, storage)), (f"{cloud.graph}/v1.0/users", (arm, storage)),
        (f"{cloud.blob(account[0])}/?comp=list", (arm, graph))
    ]:
        for token in wrong:
            answer = session.get(address, headers={"Authorization": f"Bearer {token}", "x-ms-version": VERSION}, timeout=30)
            assert answer.status_code == 401, address


def assertion(cloud, key, certificate_thumbprint, **changes):
    now = int(time.time())
    claims = {
        "aud": f"{cloud.authority}/{cloud.tenant}/oauth2/v2.0/token", "iss": cloud.client_id, "sub": cloud.client_id, "jti": unique("jti"), "nbf": now,
        "exp": now + 300
    }
    return rs256(key, {"alg": "RS256", "typ": "JWT", "x5t": certificate_thumbprint}, claims | changes)


def test_an_assertion_of_an_unregistered_certificate_is_refused(cloud):
    answer = cloud.session().post(
        f"{cloud.authority}/{cloud.tenant}/oauth2/v2.0/token",
        data={
            "grant_type": "client_credentials", "client_id": cloud.client_id, "scope": cloud.arm + "/.default",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion(cloud, own_key(), encode(os.urandom(20)))
        }, timeout=30)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert "AADSTS700027" in answer.json()["error_description"]


@pytest.mark.parametrize("form, error, code", [
    ({}, "invalid_request", "AADSTS900144"),
    ({"grant_type": "client_credentials"}, "invalid_request", "AADSTS900144"),
    ({"grant_type": "mind_reading", "client_id": "SELF"}, "unsupported_grant_type", "AADSTS70003"),
    ({"grant_type": "client_credentials", "client_id": "SELF", "client_secret": "wrong", "scope": "https://management.azure.com/.default"}, "invalid_client", "AADSTS7000215"),
    ({"grant_type": "refresh_token", "client_id": "SELF", "refresh_token": "0.forged"}, "invalid_client", "AADSTS7000218"),
    ({"grant_type": "refresh_token", "client_id": AZURE_CLI, "refresh_token": "0.forged"}, "invalid_grant", "AADSTS9002313"),
])
def test_bad_token_requests_get_the_errors_of_entra(cloud, form, error, code):
    form = {name: cloud.client_id if value == "SELF" else value for name, value in form.items()}
    answer = cloud.session().post(f"{cloud.authority}/{cloud.tenant}/oauth2/v2.0/token", data=form, timeout=30)
    assert answer.status_code in (400, 401)
    body = answer.json()
    assert body["error"] == error
    assert code in body["error_description"]
    assert {"error_codes", "timestamp", "trace_id", "correlation_id"} <= body.keys()


# Shared Key and signatures


def shared_key(account, method, path, date, headers=None, key=None):
    """The Authorization header of a request without a body or a query."""
    canonical = "".join(f"{name}:{value}\n" for name, value in sorted(({"x-ms-date": date, "x-ms-version": VERSION} | (headers or {})).items()))
    text = f"{method}\n\n\n\n\n\n\n\n\n\n\n\n{canonical}/{account[0]}{path}"
    return "SharedKey " + account[0] + ":" + base64.b64encode(
        hmac.digest(base64.b64decode(key or account[1]), text.encode(), "sha256")).decode()


@pytest.mark.parametrize("minutes, status", [(0, 200), (-14, 200), (14, 200), (-16, 403), (16, 403)])
def test_a_shared_key_is_good_for_a_quarter_of_an_hour(cloud, account, box, minutes, status):
    path = f"/{box.container_name}/note"
    date = format_datetime(datetime.now(timezone.utc) + timedelta(minutes=minutes), usegmt=True)
    answer = cloud.session().get(
        cloud.blob(account[0]) + path,
        headers={"x-ms-date": date, "x-ms-version": VERSION, "Authorization": shared_key(account, "GET", path, date)}, timeout=30)
    assert answer.status_code == status
    if status == 403:
        assert answer.headers["x-ms-error-code"] == "AuthenticationFailed"


def test_a_shared_key_for_anything_else_is_refused(cloud, account, box):
    path = f"/{box.container_name}/note"
    date = format_datetime(datetime.now(timezone.utc), usegmt=True)
    good = shared_key(account, "GET", path, date)
    common = {"x-ms-date": date, "x-ms-version": VERSION}
    for what, headers, status in [
        ("another method signed", {"Authorization": shared_key(account, "PUT", path, date)}, 403),
        ("another path signed", {"Authorization": shared_key(account, "GET", path + "x", date)}, 403),
        ("a header that is not signed", {"Authorization": good, "x-ms-client-request-id": "x"}, 403),
        ("another key", {"Authorization": shared_key(account, "GET", path, date, key=base64.b64encode(bytes(64)).decode())}, 403),
        ("another account", {"Authorization": good.replace(account[0], "someoneelse")}, 403),
        ("no date", {"Authorization": good, "x-ms-date": None}, 403),
        ("a date that is none", {"Authorization": good, "x-ms-date": "yesterday"}, 403),
        ("no signature", {"Authorization": f"SharedKey {account[0]}"}, 400),
        ("an unknown scheme", {"Authorization": "Basic dTpw"}, 400),
    ]:
        answer = cloud.session().get(cloud.blob(account[0]) + path, headers=common | headers, timeout=30)
        assert answer.status_code == status, (what, answer.status_code, answer.text)
        assert "x-ms-error-code" in answer.headers, what
    assert cloud.session().get(cloud.blob(account[0]) + path, headers=common | {"Authorization": good}, timeout=30).content == b"hello"


# Paths, versions, headers


@pytest.mark.parametrize("name", ["..", "a/../b", "%2e%2e", "a//b", "a%2Fb", "émoji-😀", "a?b", "a#b", "x" * 1024, "a\\b", "%"])
def test_a_strange_name_is_kept_as_it_was_given(cloud, account, box, signature, name):
    url = f"{cloud.blob(account[0])}/{box.container_name}/{quote(name, safe='')}?{signature}"
    # Not through a library that would tidy the path.
    written = raw(cloud, account, "PUT", url, {"x-ms-blob-type": "BlockBlob", "Content-Length": "3"}, b"abc")
    assert written.startswith(b"HTTP/1.1 201"), written
    assert name in [blob.name for blob in box.list_blobs()]
    read = raw(cloud, account, "GET", url)
    assert read.startswith(b"HTTP/1.1 200") and read.endswith(b"\r\n\r\nabc")
    assert raw(cloud, account, "DELETE", url).startswith(b"HTTP/1.1 202")


@pytest.mark.parametrize("path", ["/%00", "/%zz", "/%", "/a%0Ab/c", "/BOX/tab%09here", "/" + "x" * 64, "/Upper/x", "/a--b/x", "/-a/x", "/ab/x", "/" + "x" * 1025])
def test_a_name_that_cannot_be_is_refused(cloud, account, box, signature, path):
    answer = raw(cloud, account, "PUT", f"{cloud.blob(account[0])}{path.replace('BOX', box.container_name)}?{signature}", {"x-ms-blob-type": "BlockBlob", "Content-Length": "0"})
    assert answer.split(b" ")[1] in (b"400", b"403"), answer


def raw(cloud, account, method, url, headers=None, body=b""):
    """One request exactly as given; the whole answer."""
    parts = urlsplit(url)
    head = {"Host": cloud.host(f"{account[0]}.blob.core"), "x-ms-version": VERSION, "Connection": "close"} | (headers or {})
    text = f"{method} {parts.path}?{parts.query} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in head.items()) + "\r\n"
    return exchange(cloud, text.encode() + body, head["Host"])


def exchange(cloud, data, host=None, seconds=20):
    """Sends bytes and gives all that comes back until the cloud closes."""
    context = ssl.create_default_context(cafile=cloud.ca)
    with context.wrap_socket(
        socket.create_connection(("127.0.0.1", cloud.port), timeout=seconds), server_hostname=host or cloud.host("management")) as connection:
        answer = b""
        try:
            connection.sendall(data)
            while piece := connection.recv(65536):
                answer += piece
        except (ConnectionResetError, BrokenPipeError, ssl.SSLError):
            pass
        return answer


@pytest.mark.parametrize("headers, code", [
    ({"x-ms-version": "1999-01-01"}, "InvalidHeaderValue"),
    ({"x-ms-version": "soon"}, "InvalidHeaderValue"),
    ({"x-ms-blob-type": "StoneTablet"}, "InvalidHeaderValue"),
    ({"Content-MD5": "not base64"}, "InvalidMd5"),
    ({"Content-MD5": base64.b64encode(bytes(16)).decode()}, "Md5Mismatch"),
    ({"x-ms-content-crc64": base64.b64encode(bytes(8)).decode()}, "Crc64Mismatch"),
    ({"x-ms-meta-1nvalid": "x"}, "InvalidMetadata"),
    ({"x-ms-blob-type": None}, "MissingRequiredHeader"),
    ({"If-Match": '"0xABC"'}, "ConditionNotMet"),
])
def test_a_bad_header_is_refused_and_nothing_is_written(cloud, account, box, signature, headers, code):
    headers = {"x-ms-version": VERSION, "x-ms-blob-type": "BlockBlob"} | headers
    answer = cloud.session().put(f"{box.url}/never?{signature}", data=b"hello", headers=headers, timeout=30)
    assert answer.headers.get("x-ms-error-code") == code, answer.text
    assert answer.status_code in (400, 412)
    assert not box.get_blob_client("never").exists()


@pytest.mark.parametrize("query, status, code", [
    ("?comp=list&maxresults=0", 400, "OutOfRangeQueryParameterValue"),
    ("?comp=list&maxresults=many", 400, "InvalidQueryParameterValue"),
    ("?restype=container&comp=nonsense", 400, "InvalidQueryParameterValue"),
    ("/note?comp=block&blockid=%21", 400, "InvalidQueryParameterValue"),
])
def test_a_bad_query_is_refused(cloud, account, box, signature, query, status, code):
    path = f"{cloud.blob(account[0])}/{box.container_name}" + (query if query.startswith("/") else "?restype=container&" + query[1:])
    method = "PUT" if "block" in query else "GET"
    answer = cloud.session().request(method, f"{path}&{signature}", headers={"x-ms-version": VERSION}, data=b"x" if method == "PUT" else None, timeout=30)
    assert (answer.status_code, answer.headers["x-ms-error-code"]) == (status, code), answer.text


# Bodies


LAUGHS = '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "' + "ha" * 50 + '">' + "".join(
    f'<!ENTITY {chr(98 + number)} "{f"&{chr(97 + number)};" * 10}">' for number in range(8)) + "]><BlockList><Latest>&i;</Latest></BlockList>"
FILE = '<?xml version="1.0"?><!DOCTYPE b [<!ENTITY f SYSTEM "file:///etc/passwd">]><BlockList><Latest>&f;</Latest></BlockList>'


@pytest.mark.parametrize("body", [LAUGHS, FILE, "<BlockList>", "<BlockList><Latest>QQ==</Latest>", "no XML", "", "<Other/>", "<a>" * 100_000, "\x00"])
def test_a_bad_block_list_is_refused_quickly(cloud, account, box, signature, body):
    begin = time.monotonic()
    answer = cloud.session().put(
        f"{box.url}/listed?comp=blocklist&{signature}", data=body.encode(), headers={"x-ms-version": VERSION}, timeout=30)
    assert (answer.status_code, answer.headers["x-ms-error-code"]) in [(400, "InvalidXmlDocument"), (400, "InvalidXmlNodeValue"), (400, "InvalidBlockList")]
    assert "root:" not in answer.text
    assert time.monotonic() - begin < 5
    assert not box.get_blob_client("listed").exists()


@pytest.mark.parametrize("body, status, code", [
    (b"{", 400, "InvalidRequestContent"), (b"[" * 100_000, 400, "InvalidRequestContent"), (b'{"location":"paris"}x', 400, "InvalidRequestContent"),
    (b'{"location":"\xff"}', 400, "InvalidRequestContent"), (b"", 400, "InvalidRequestContent"), (b"[]", 400, "InvalidRequestContent"), (b'{"location":5}', 400, "LocationRequired"),
    (b'{"location":"atlantis"}', 400, "LocationNotAvailableForResourceGroup"), (b" " * (JSON_BYTES + 1), 413, "RequestEntityTooLarge"),
])
def test_a_bad_resource_is_refused(cloud, body, status, code):
    session, name = cloud.arm_session(), unique("rg")
    address = cloud.arm_url(f"/subscriptions/{cloud.subscription}/resourcegroups/{name}")
    answer = session.put(address, data=body, headers={"Content-Type": "application/json"}, timeout=30)
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["code"] == code, answer.text
    assert answer.json()["error"]["message"]
    assert session.get(address, timeout=30).status_code == 404


@pytest.mark.parametrize("path, version, status, code", [
    ("/subscriptions", "", 400, "MissingApiVersionParameter"),
    ("/subscriptions", "api-version=soon", 400, "InvalidApiVersionParameter"),
    ("/subscriptions/nonsense/resourcegroups", "api-version=2024-11-01", 400, "InvalidSubscriptionId"),
    ("/subscriptions/SELF/resourcegroups/missing", "api-version=2024-11-01", 404, "ResourceGroupNotFound"),
    ("/subscriptions/SELF/providers/Microsoft.Nothing/things", "api-version=2024-11-01", 404, "InvalidResourceNamespace"),
    ("/subscriptions/SELF/providers/Microsoft.Storage/things", "api-version=2024-11-01", 404, "InvalidResourceType"),
    ("/subscriptions/SELF/resources", "api-version=2021-04-01&$filter=nonsense+eq", 400, "InvalidFilterInQueryString"),
])
def test_a_bad_address_of_the_resource_manager_gets_its_code(cloud, path, version, status, code):
    answer = cloud.arm_session().get(f"{cloud.arm}{path.replace('SELF', cloud.subscription)}?{version}", timeout=30)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), answer.text


def test_a_body_beyond_the_largest_blob_is_refused_before_it_is_sent(cloud, account, box, signature):
    answer = raw(
        cloud, account, "PUT", f"{box.url}/huge?{signature}",
        {"x-ms-blob-type": "BlockBlob", "Content-Length": str(6000 << 20), "Expect": "100-continue"})
    assert answer.startswith(b"HTTP/1.1 413"), answer[:200]
    assert b"RequestBodyTooLarge" in answer


def test_a_body_that_ends_early_writes_nothing(cloud, account, box, signature):
    context = ssl.create_default_context(cafile=cloud.ca)
    host = cloud.host(f"{account[0]}.blob.core")
    for _ in range(5):
        with context.wrap_socket(socket.create_connection(("127.0.0.1", cloud.port)), server_hostname=host) as connection:
            connection.sendall((
                f"PUT /{box.container_name}/cut?{signature} HTTP/1.1\r\nHost: {host}\r\nx-ms-version: {VERSION}\r\nx-ms-blob-type: BlockBlob\r\n"
                "Content-Length: 1000000\r\n\r\n").encode() + b"x" * 999_999)
    assert not box.get_blob_client("cut").exists()


# The connection


def test_heads_beyond_the_bounds_are_refused(cloud):
    host = cloud.host("management")
    for head in (f"GET /{'x' * HEADER_BYTES * 2} HTTP/1.1\r\nHost: {host}\r\n\r\n", f"GET / HTTP/1.1\r\nHost: {host}\r\nX: {'x' * HEADER_BYTES * 2}\r\n\r\n",
                 f"GET / HTTP/1.1\r\nHost: {host}\r\n" + "".join(f"X-{number}: x\r\n" for number in range(1000)) + "\r\n"):
        answer = exchange(cloud, head.encode())
        assert answer == b"" or answer.split(b" ")[1] in (b"400", b"414", b"431"), answer[:100]


@pytest.mark.parametrize("head", [
    "GET / HTTP/1.1\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: HOST\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
    "POST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: +4\r\n\r\nabcd",
    "POST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: -1\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: HOST\r\nX\x00Y: z\r\n\r\n",
    "GET / HTTP/9.9\r\nHost: HOST\r\n\r\n",
    "\x16\x03\x01 nonsense\r\n\r\n",
])
def test_an_ambiguous_head_is_refused_and_the_connection_closed(cloud, head):
    answer = exchange(cloud, head.replace("HOST", cloud.host("management")).encode("latin-1"))
    assert answer.count(b"HTTP/1.1 ") <= 1
    assert b"smuggled" not in answer
    assert answer == b"" or answer.split(b" ")[1] in (b"400", b"404", b"421", b"501", b"505"), answer[:200]


def test_a_host_that_is_none_of_the_cloud_s_is_refused(cloud):
    answer = exchange(cloud, b"GET / HTTP/1.1\r\nHost: elsewhere.example\r\nConnection: close\r\n\r\n")
    assert answer.split(b" ")[1] in (b"400", b"404", b"421"), answer[:100]


def test_requests_in_one_piece_are_answered_in_their_order(cloud, account, box, signature):
    host = cloud.host(f"{account[0]}.blob.core")
    count = 20
    requests = b""
    for number in range(count):
        body = f"piece {number}".encode()
        requests += (
            f"PUT /{box.container_name}/piped?{signature} HTTP/1.1\r\nHost: {host}\r\nx-ms-version: {VERSION}\r\nx-ms-blob-type: BlockBlob\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode() + body
        last = number == count - 1
        requests += (
            f"GET /{box.container_name}/piped?{signature} HTTP/1.1\r\nHost: {host}\r\nx-ms-version: {VERSION}\r\n"
            + ("Connection: close\r\n" if last else "") + "\r\n").encode()
    answer = exchange(cloud, requests, host)
    assert answer.count(b"HTTP/1.1 201") == count
    assert [part.split(b"HTTP/1.1")[0] for part in answer.split(b"\r\n\r\n") if part.startswith(b"piece")] == [
        f"piece {number}".encode() for number in range(count)]


def test_a_head_that_trickles_is_cut_off(cloud):
    context = ssl.create_default_context(cafile=cloud.ca)
    with context.wrap_socket(
        socket.create_connection(("127.0.0.1", cloud.port), timeout=1), server_hostname=cloud.host("management")) as connection:
        begin = time.monotonic()
        try:
            connection.sendall(b"GET / HTTP/1.1\r\n")
            while time.monotonic() - begin < FIRST_HEAD_SECONDS * 2:
                connection.sendall(b"X-Slow: x\r\n")
                try:
                    if connection.recv(1) == b"":
                        break
                except TimeoutError:
                    pass
        except (OSError, ssl.SSLError):
            pass
        assert FIRST_HEAD_SECONDS - 2 < time.monotonic() - begin < FIRST_HEAD_SECONDS + 5


def test_the_cloud_goes_on_after_all_of_this(cloud, box):
    assert box.get_blob_client("note").download_blob().readall() == b"hello"
    assert '"critical"' not in (cloud.data / "cocagne.log").read_text()
