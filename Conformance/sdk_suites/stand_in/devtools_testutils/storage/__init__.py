"""What the storage services' tests need besides."""

import functools
import io
import logging
import math
import os
import random
import string
import zlib

from .. import AzureRecordedTestCase


class LogCaptured:
    """What the storage SDK itself logs within a `with`."""

    def __init__(self, test_case=None):
        self.logger = logging.getLogger("azure.storage")

    def __enter__(self):
        self.stream = io.StringIO()
        self.handler = logging.StreamHandler(self.stream)
        self.handler.setLevel(logging.DEBUG)
        self.logger.addHandler(self.handler)
        self.logger.setLevel(logging.DEBUG)
        return self.stream

    def __exit__(self, *error):
        self.logger.removeHandler(self.handler)
        self.stream.close()


def passing_by_name(test):
    """pytest gives a parametrized test its values by name; the recording's decorator below takes them by position."""

    @functools.wraps(test)
    def run(case, **keywords):
        return test(case, **keywords)

    return run


class GenericTestProxyParametrize1:
    def __call__(self, test):
        return passing_by_name(test)


GenericTestProxyParametrize2 = GenericTestProxyParametrize1


class StorageRecordedTestCase(AzureRecordedTestCase):
    def account_url(self, account, service):
        return f"{os.environ['PROTOCOL']}://{getattr(account, 'name', account)}.{service}.{os.environ['ACCOUNT_URL_SUFFIX']}"

    def connection_string(self, account, key):
        return (
            f"DefaultEndpointsProtocol={os.environ['PROTOCOL']};AccountName={getattr(account, 'name', account)};AccountKey={key}"
            f";EndpointSuffix={os.environ['ACCOUNT_URL_SUFFIX']}")

    def get_random_bytes(self, size):
        """The same bytes whenever the same test asks."""
        return random.Random(zlib.adler32(os.environ.get("PYTEST_CURRENT_TEST", "").encode())).randbytes(size)

    def get_random_text_data(self, size):
        """Letters, each of them one byte."""
        letters = random.Random(zlib.adler32(os.environ.get("PYTEST_CURRENT_TEST", "").encode()))
        return "".join(letters.choices(string.ascii_letters, k=size))

    def generate_sas(self, function, *arguments, **keywords):
        keywords.pop("fake_value", None)
        return function(*arguments, **keywords)

    @staticmethod
    def generate_fake_sas_token():
        return "fake"

    def get_datetime_variable(self, variables, name, default):
        return default

    @staticmethod
    def _names(items):
        return [item["name"] if isinstance(item, dict) else item.name for item in items]

    def assertNamedItemInContainer(self, container, name, msg=None):
        assert name in self._names(container), msg

    def assertNamedItemNotInContainer(self, container, name, msg=None):
        assert name not in self._names(container), msg

    def assert_upload_progress(self, size, max_chunk_size, progress, unknown_size=False):
        """One report for each chunk, in whatever order chunks are sent."""
        assert len(progress) == math.ceil(size / max_chunk_size)
        for current, total in progress:
            assert current % max_chunk_size in (0, size % max_chunk_size)
            assert total == (None if unknown_size else size)

    def assert_download_progress(self, size, max_chunk_size, max_get_size, progress):
        """One report for the first request and one for each further chunk. What they say of the whole differs: of a part, it is the blob."""
        assert len(progress) == 1 + max(0, math.ceil((size - max_get_size) / max_chunk_size))
        assert all(current <= total for current, total in progress)
