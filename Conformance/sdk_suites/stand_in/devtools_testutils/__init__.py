"""A stand-in for the package of the same name in Microsoft's repository, which is not published: what the tests of its storage SDKs import of it.

Tests run live only, so what records, plays back and sanitizes is empty. Loaded with `pytest -p devtools_testutils` it is a plugin too.
"""

import os

import pytest

from . import cloud_settings, waiting
from .callbacks import ResponseCallback, RetryCounter
from .fake_credentials import FakeTokenCredential
from .preparers import EnvironmentVariableLoader, EnvironmentVariableOptions, PowerShellPreparer, trim_kwargs_from_test_function
from .recording import in_recording, is_live, is_live_and_not_recording, recorded_by_proxy
from .testcase import AzureRecordedTestCase, get_credential

cloud_settings.apply()
waiting.apply()


def __getattr__(name):
    """Sanitizers and matchers: of recordings, and so nothing to do."""
    if name.startswith(("add_", "set_", "remove_")):
        return lambda *arguments, **options: None
    raise AttributeError(name)


class CachedResourceGroupPreparer:
    """Resources are made before the suites run."""


AzureMgmtPreparer = AzureTestError = CachedStorageAccountPreparer = CachedResourceGroupPreparer
FakeResource = ResourceGroupPreparer = StorageAccountPreparer = CachedResourceGroupPreparer
AzureMgmtTestCase = AzureTestCase = AzureRecordedTestCase


@pytest.fixture(scope="session")
def test_proxy():
    """There is none."""


@pytest.fixture
def variable_recorder():
    class Recorder:
        @staticmethod
        def get_or_record(name, default):
            return default

    return Recorder()


@pytest.fixture(scope="session")
def environment_variables():
    return os.environ


def pytest_runtest_setup(item):
    """As the repository's own hook has it for live runs."""
    if item.get_closest_marker("playback_test_only"):
        pytest.skip("playback test only")
