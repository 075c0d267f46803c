"""Decorators that give a test the accounts it asks for, from the environment."""

import functools
import inspect
import os

KEYWORDS = inspect.Parameter.VAR_KEYWORD
OPEN_ENDED = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)


class Secret(str):
    """A value that the tests read as `value.secret` or as it is."""

    @property
    def secret(self):
        return str(self)


class EnvironmentVariableOptions:
    def __init__(self, **_):
        pass


def trim_kwargs_from_test_function(test, keywords):
    """Takes out what the test has no parameter for; a preparer below it picks for itself."""
    if getattr(test, "__is_preparer", False):
        return
    parameters = inspect.signature(test).parameters
    if any(parameter.kind == KEYWORDS for parameter in parameters.values()):
        return
    for name in [name for name in keywords if name not in parameters]:
        del keywords[name]


class EnvironmentVariableLoader:
    """Passes each variable that it was made with, in upper case in the environment, to the test as a keyword."""

    def __init__(self, directory=None, **names):
        names.pop("options", None)
        self.names = {name: default for name, default in names.items() if isinstance(default, str)}

    def values(self):
        return {name: Secret(os.environ.get(name.upper(), default)) for name, default in self.names.items()}

    def __call__(self, test):
        def prepared(keywords):
            given = {**self.values(), **keywords}
            trim_kwargs_from_test_function(test, given)
            return given

        if inspect.iscoroutinefunction(inspect.unwrap(test)):
            @functools.wraps(test)
            async def run(case, *arguments, **keywords):
                return await test(case, *arguments, **prepared(keywords))
        else:
            @functools.wraps(test)
            def run(case, *arguments, **keywords):
                return test(case, *arguments, **prepared(keywords))

        # pytest shall see what is left to it: parameters and fixtures.
        signature = inspect.signature(test)
        left = [it for it in signature.parameters.values() if it.kind not in OPEN_ENDED and it.name not in self.names]
        del run.__wrapped__
        run.__signature__ = signature.replace(parameters=left)
        setattr(run, "__is_preparer", True)
        return run


PowerShellPreparer = EnvironmentVariableLoader
