"""The base of the tests' classes."""

import asyncio
import functools
import hashlib
import os
import time
import uuid

# Names differ from run to run, as what an earlier one left may still be there.
RUN = uuid.uuid4().hex


def get_credential(is_async=False, **_):
    """The service principal of the environment."""
    if is_async:
        from azure.identity.aio import ClientSecretCredential
    else:
        from azure.identity import ClientSecretCredential
    return ClientSecretCredential(
        os.environ["AZURE_TENANT_ID"], os.environ["AZURE_CLIENT_ID"], os.environ["AZURE_CLIENT_SECRET"],
        authority=os.environ["AZURE_AUTHORITY_HOST"], disable_instance_discovery=True)


class AzureRecordedTestCase:
    is_live = True
    in_recording = False

    def setup_method(self):
        """Some classes have unittest's hook without being of its kind."""
        getattr(self, "setUp", lambda: None)()

    def is_playback(self):
        return False

    def get_resource_name(self, prefix):
        """The same name whenever the same test asks, in its set-up, its body and its tear-down."""
        test = os.environ.get("PYTEST_CURRENT_TEST", "").rsplit(" ", 1)[0]
        return prefix + hashlib.sha256((RUN + test).encode()).hexdigest()[:10]

    create_random_name = get_resource_name

    def get_settings_value(self, name):
        return os.environ.get(f"AZURE_{name}")

    def get_credential(self, client_class, **options):
        return get_credential(is_async=options.pop("is_async", False), **options)

    def create_client_from_credential(self, client_class, credential, **options):
        return client_class(credential=credential, **options)

    def generate_sas(self, make, *arguments, **options):
        """A signature; `fake_value` is what a recording would hold instead."""
        options.pop("fake_value", None)
        return make(*arguments, **options)

    def sleep(self, seconds):
        time.sleep(seconds)

    @staticmethod
    def await_prepared_test(test):
        @functools.wraps(test)
        def run(case, *arguments, **keywords):
            return asyncio.run(test(case, *arguments, **keywords))

        return run
