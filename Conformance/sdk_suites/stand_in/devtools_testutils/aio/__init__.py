"""The decorator of asynchronous tests."""

import functools

from ..preparers import trim_kwargs_from_test_function


def recorded_by_proxy_async(*decorated, **_):
    """`@recorded_by_proxy_async`, or `@recorded_by_proxy_async(...)`."""

    def decorate(test):
        @functools.wraps(test)
        async def run(*arguments, **keywords):
            trim_kwargs_from_test_function(test, keywords)
            return await test(*arguments, **keywords)

        return run

    return decorate(decorated[0]) if decorated else decorate
