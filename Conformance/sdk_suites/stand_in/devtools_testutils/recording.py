"""What the tests ask about recordings: there are none."""

import functools

from .preparers import trim_kwargs_from_test_function


def is_live():
    return True


def is_live_and_not_recording():
    return True


def in_recording():
    return False


def recorded_by_proxy(*decorated, **_):
    """`@recorded_by_proxy`, or `@recorded_by_proxy(...)`."""

    def decorate(test):
        @functools.wraps(test)
        def run(*arguments, **keywords):
            trim_kwargs_from_test_function(test, keywords)
            return test(*arguments, **keywords)

        return run

    return decorate(decorated[0]) if decorated else decorate
