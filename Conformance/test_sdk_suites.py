"""The tests of Microsoft's own storage SDKs, as they are published, against the six accounts for which they are written.

What does not pass is listed in `KNOWN.md` with its cause: any other failure fails here, and so does a line there that is no longer true.
"""

import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from cloud import Cloud, free_port, unique
from sdk_suites import known, runner
from sdk_suites.names.home import leading_home

# That of Microsoft's public cloud, for the suites' texts have names in it.
DOMAIN = "windows.net"
TARGET = 0.97
# The accounts that the suites ask for, by the beginning of their variables.
ACCOUNTS = {
    "STORAGE": {},
    "SECONDARY_STORAGE": {},
    "BLOB_STORAGE": {"kind": "BlobStorage"},
    "VERSIONED_STORAGE": {},
    # Of page blobs: an account for block blobs has no tiers.
    "PREMIUM_STORAGE": {"sku": {"name": "Premium_LRS"}},
    "SOFT_DELETE_STORAGE": {},
}
RETENTION = {"enabled": True, "days": 2}
BLOB_SERVICES = {
    "VERSIONED_STORAGE": {"isVersioningEnabled": True},
    "SOFT_DELETE_STORAGE": {"deleteRetentionPolicy": RETENTION, "containerDeleteRetentionPolicy": RETENTION},
}


@dataclass(frozen=True)
class Suite:
    name: str
    source: str
    # What is collected less what is deselected, and how many of those skip by themselves: a run that tests less than that proves less.
    collected: int
    skipped: int
    accounts: tuple = ("STORAGE",)
    # Encryption scopes of the first account.
    scopes: tuple = ()
    # Into how many parts each of the two kinds of files goes, those of the asynchronous clients and the others. Parts run side by side, each on
    # accounts of its own: tests wait more than they work.
    parts_of_a_kind: int = 1
    # The longest that a test waits for the service to settle, where nothing depends on time itself; None: as long as it likes.
    longest_wait_seconds: float | None = None

    @property
    def folder(self):
        return runner.ENVIRONMENT / "sources" / self.source

    def files(self):
        """The files of each part, of about equal length. Tests of performance judge nothing and are left out."""
        paths = [path for path in (self.folder / "tests").rglob("test_*.py") if "perfstress_tests" not in path.parts]
        parts = []
        for is_async in (False, True):
            of_kind = [[] for _ in range(self.parts_of_a_kind)]
            for path in sorted(paths, key=lambda path: (-path.stat().st_size, path)):
                if path.name.endswith("_async.py") == is_async:
                    min(of_kind, key=lambda part: sum(other.stat().st_size for other in part)).append(path)
            parts += of_kind
        return [sorted(str(path.relative_to(self.folder)) for path in part) for part in parts]


SUITES = [
    Suite("blob", "azure_storage_blob-12.31.1", 2328, 71, tuple(ACCOUNTS), scopes=("testscope1", "testscope2"), parts_of_a_kind=2),
    Suite("queue", "azure_storage_queue-12.18.1", 290, 4),
    Suite("tables", "azure_data_tables-12.7.0", 478, 7, longest_wait_seconds=0.5),
]


@pytest.fixture(scope="module")
def suites_cloud(workspace):
    cloud = Cloud(workspace / "suites", free_port(), domain=DOMAIN)
    cloud.up()
    yield cloud
    cloud.stop()


def make_accounts(cloud, session, group, suite):
    """The variables that name new accounts and their keys."""
    made = {}
    for role in suite.accounts:
        name = unique("s")
        key = cloud.make_account(
            group, name, session, {"properties": {"allowBlobPublicAccess": True, "supportsHttpsTrafficOnly": False, "accessTier": "Hot"}} | ACCOUNTS[role])
        path = f"/subscriptions/{cloud.subscription}/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/{name}"
        settings = {"blobServices/default": BLOB_SERVICES[role]} if role in BLOB_SERVICES else {}
        if role == "STORAGE":
            settings |= {f"encryptionScopes/{scope}": {"source": "Microsoft.Storage"} for scope in suite.scopes}
        for child, properties in settings.items():
            answer = session.put(cloud.arm_url(f"{path}/{child}", "2025-08-01"), json={"properties": properties}, timeout=30)
            assert answer.status_code in (200, 201), answer.text
        made |= {f"{role}_ACCOUNT_NAME": name, f"{role}_ACCOUNT_KEY": key}
    return made


def variables(cloud, accounts, group):
    suffix = f"core.{DOMAIN}"
    return cloud.environment() | accounts | {
        "STORAGE_RESOURCE_GROUP_NAME": group,
        "PROTOCOL": "https",
        "ACCOUNT_URL_SUFFIX": suffix,
        "TABLES_STORAGE_ACCOUNT_NAME": accounts["STORAGE_ACCOUNT_NAME"],
        "TABLES_PRIMARY_STORAGE_ACCOUNT_KEY": accounts["STORAGE_ACCOUNT_KEY"],
        "TABLES_STORAGE_ENDPOINT_SUFFIX": suffix,
        # Some clients are made by the suites alone: they ask nobody else about an authority of this shape.
        "AZURE_TENANT_ID": "adfs",
        "AZURE_RESOURCE_MANAGER_URL": cloud.arm,
        "AZURE_TEST_RUN_LIVE": "true",
        "AZURE_SKIP_LIVE_RECORDING": "true",
    }


@pytest.fixture(scope="module")
def results(suites_cloud, workspace):
    """What became of every test of every suite; the suites run side by side."""
    group = unique("rg")
    parts = [(suite, files) for suite in SUITES for files in suite.files()]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", leading_home(socket.getaddrinfo, DOMAIN, str(suites_cloud.port)))
        session = suites_cloud.arm_session()
        suites_cloud.make_group(group, session)
        accounts = [make_accounts(suites_cloud, session, group, suite) for suite, _ in parts]

    def run(index):
        suite, files = parts[index]
        environment = variables(suites_cloud, accounts[index], group)
        if suite.longest_wait_seconds is not None:
            environment["COCAGNE_SUITE_LONGEST_WAIT_SECONDS"] = str(suite.longest_wait_seconds)
        return runner.run(
            suite.folder, files, environment, known.of(suite.name, "deselected"), workspace / "results" / f"{suite.name}{index}")

    with ThreadPoolExecutor(len(parts)) as pool:
        done = list(pool.map(run, range(len(parts))))
    results = {}
    for (suite, _), result in zip(parts, done):
        results.setdefault(suite.name, runner.Result()).add(result)
    return results


@pytest.mark.timeout(runner.RUN_SECONDS + 900)
@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
def test_microsofts_tests_pass_but_for_those_that_are_known(suite, results, table):
    result = results[suite.name]
    table(result.summary(suite.name))
    expected = known.of(suite.name, "fails")
    unexpected = {test: reason for test, reason in result.failed.items() if test not in expected}
    assert not unexpected, f"{len(unexpected)} tests of {suite.name} fail that are not in KNOWN.md"
    untrue = sorted(set(expected) - set(result.failed))
    assert not untrue, f"KNOWN.md lists tests that do not fail: {untrue}"
    assert len(result.passed) + len(result.failed) + len(result.skipped) == suite.collected
    assert len(result.skipped) == suite.skipped
    assert result.share >= TARGET
