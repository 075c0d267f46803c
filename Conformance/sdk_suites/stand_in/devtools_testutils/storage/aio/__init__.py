"""The same for asynchronous tests."""

import functools

from .. import LogCaptured, StorageRecordedTestCase


def passing_by_name(test):
    @functools.wraps(test)
    async def run(case, **keywords):
        return await test(case, **keywords)

    return run


class GenericTestProxyParametrize1:
    def __call__(self, test):
        return passing_by_name(test)


GenericTestProxyParametrize2 = GenericTestProxyParametrize1


class AsyncStorageRecordedTestCase(StorageRecordedTestCase):
    async def _to_list(self, iterator):
        return [item async for item in iterator]
