"""The tests of Microsoft's own storage SDKs, as they are published, against the six accounts for which they are written.

What does not pass is listed in `KNOWN.md` with its cause: any other failure fails here, and so does a line there that is no longer true.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from cloud import unique
from sdk_suites import known, runner

TARGET = 0.97
# The accounts that the suites ask for, by the beginning of their variables.
ACCOUNTS = {
    "STORAGE": [],
    "SECONDARY_STORAGE": [],
    "BLOB_STORAGE": ["--kind", "BlobStorage", "--access-tier", "Hot"],
    "VERSIONED_STORAGE": [],
    "PREMIUM_STORAGE": ["--kind", "StorageV2", "--sku", "Premium_LRS"],
    "SOFT_DELETE_STORAGE": [],
}
# That the suites' sources say must be there.
ENCRYPTION_SCOPES = {"STORAGE": ["testscope1", "testscope2"]}
BLOB_SERVICES = {
    "VERSIONED_STORAGE": ["--enable-versioning", "true"],
    "SOFT_DELETE_STORAGE": [
        "--enable-delete-retention", "true", "--delete-retention-days", "2", "--enable-container-delete-retention", "true",
        "--container-delete-retention-days", "2"
    ],
}


@dataclass(frozen=True)
class Suite:
    name: str
    source: str
    # What is collected less what is deselected, and how many of those skip by themselves: a run that tests less than that proves less.
    collected: int
    skipped: int
    # Sets of files that run side by side, each on accounts of its own.
    parts: tuple = (lambda file: True,)

    @property
    def folder(self):
        return runner.ENVIRONMENT / "sources" / self.source

    def files(self, part):
        """Without the tests of performance, which judge nothing."""
        paths = sorted(path for path in (self.folder / "tests").rglob("test_*.py") if "perfstress_tests" not in path.parts)
        return [str(path.relative_to(self.folder)) for path in paths if part(path.name)]


def is_async(file):
    return file.endswith("_async.py")


SUITES = [
    Suite("blob", "azure_storage_blob-12.31.1", 2328, 0, (lambda file: not is_async(file), is_async)),
    Suite("queue", "azure_storage_queue-12.18.1", 290, 0),
    Suite("tables", "azure_data_tables-12.7.0", 0, 0),
]


def make_accounts(az, group):
    """The variables that name six new accounts and their keys."""
    variables = {}
    for role, options in ACCOUNTS.items():
        name = unique("s")
        az("storage", "account", "create", "-n", name, "-g", group, "-l", "paris", *(options if "--sku" in options else [*options, "--sku", "Standard_LRS"]),
           "--allow-blob-public-access", "true", "--https-only", "false")
        if role in BLOB_SERVICES:
            az("storage", "account", "blob-service-properties", "update", "-g", group, "--account-name", name, *BLOB_SERVICES[role])
        for scope in ENCRYPTION_SCOPES.get(role, []):
            az("storage", "account", "encryption-scope", "create", "-g", group, "--account-name", name, "-n", scope, "-s", "Microsoft.Storage")
        key = az("storage", "account", "keys", "list", "-g", group, "-n", name)[0]["value"]
        variables |= {f"{role}_ACCOUNT_NAME": name, f"{role}_ACCOUNT_KEY": key}
    return variables


def variables(cloud, accounts, group):
    return cloud.environment() | accounts | {
        "STORAGE_RESOURCE_GROUP_NAME": group,
        "PROTOCOL": "https",
        "ACCOUNT_URL_SUFFIX": cloud.storage_suffix,
        "TABLES_STORAGE_ACCOUNT_NAME": accounts["STORAGE_ACCOUNT_NAME"],
        "TABLES_PRIMARY_STORAGE_ACCOUNT_KEY": accounts["STORAGE_ACCOUNT_KEY"],
        "TABLES_STORAGE_ENDPOINT_SUFFIX": cloud.storage_suffix,
        # Clients that are not ours to make ask nobody else about the authority when it is of this shape.
        "AZURE_TENANT_ID": "adfs",
        "AZURE_RESOURCE_MANAGER_URL": cloud.arm,
        "AZURE_TEST_RUN_LIVE": "true",
        "AZURE_SKIP_LIVE_RECORDING": "true",
    }


@pytest.fixture(scope="module")
def results(cloud, az, rg, workspace):
    """What became of every test of every suite; the suites run side by side."""
    parts = [(suite, part, variables(cloud, make_accounts(az, rg), rg)) for suite in SUITES for part in suite.parts]

    def run(index):
        suite, part, environment = parts[index]
        folder = workspace / "suites" / f"{suite.name}{index}"
        return runner.run(suite.folder, suite.files(part), environment, known.of(suite.name, "deselected"), folder)

    with ThreadPoolExecutor(len(parts)) as pool:
        done = list(pool.map(run, range(len(parts))))
    results = {}
    for (suite, _, _), result in zip(parts, done):
        results.setdefault(suite.name, runner.Result()).add(result)
    return results


@pytest.mark.timeout(runner.RUN_SECONDS + 600)
@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
def test_microsofts_tests_pass_but_for_those_that_are_known(suite, results, capsys):
    result = results[suite.name]
    with capsys.disabled():
        print(f"\n{result.summary(suite.name)}")
    expected = known.of(suite.name, "fails")
    unexpected = {test: reason for test, reason in result.failed.items() if test not in expected}
    assert not unexpected, f"{len(unexpected)} tests of {suite.name} fail that are not in KNOWN.md"
    untrue = sorted(set(expected) - set(result.failed))
    assert not untrue, f"KNOWN.md lists tests that do not fail: {untrue}"
    assert len(result.passed) + len(result.failed) + len(result.skipped) == suite.collected
    assert len(result.skipped) == suite.skipped
    assert result.share >= TARGET
