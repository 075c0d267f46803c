import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from azure_cli import Az
from cloud import FALLBACK_PORT, STANDARD_PORT, Cloud, free_port, may_bind, unique
from machines import GUEST_BUILDER, LIGHT_IMAGE
from vaults import make_vault

# A property of a test's report: what is to be read at the end of the run.
PRINTED = "printed"


@pytest.fixture(scope="session")
def workspace():
    """A folder with a short path, for the cloud's control socket has to fit into a socket address."""
    path = Path(tempfile.mkdtemp(prefix="cocagne-"))
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="session")
def cloud(workspace):
    """The cloud that most tests share."""
    # Other processes may have clouds of their own.
    wanted = int(os.environ.get("COCAGNE_SHARED_PORT", STANDARD_PORT))
    port = next(filter(may_bind, (wanted, FALLBACK_PORT)), None) or free_port()
    cloud = Cloud(workspace / "shared", port)
    cloud.up()
    with cloud.inside():
        yield cloud
    cloud.remove_machines()
    cloud.stop()


@pytest.fixture
def own_cloud(workspace):
    """Starts further clouds, each on a port of its own, and ends them after the test."""
    clouds = []

    def make(data=None):
        cloud = Cloud(data or workspace / unique("own"), free_port())
        clouds.append(cloud)
        cloud.up()
        return cloud

    yield make
    for cloud in clouds:
        cloud.remove_machines()
        cloud.stop()


@pytest.fixture(scope="session")
def guest(workspace):
    """The folder of the light guest's image, built from this machine's packages."""
    folder = workspace / "guest"
    subprocess.run([GUEST_BUILDER, folder], check=True, stdin=subprocess.DEVNULL)
    return folder


@pytest.fixture(scope="session")
def light_image(cloud, guest):
    """The URN of the light guest in the shared cloud's catalogue."""
    cloud.command("image", "add", str(guest))
    return LIGHT_IMAGE


@pytest.fixture(scope="session")
def key(workspace):
    """A private SSH key; its public half lies beside it."""
    path = workspace / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return path


@pytest.fixture(scope="session")
def new_az(cloud, workspace):
    """Makes an `az` with a fresh profile in which nobody is logged in."""
    return lambda: Az(cloud, workspace / unique("az"))


@pytest.fixture(scope="session")
def az(new_az):
    """`az`, logged in as the administrator's service principal."""
    az = new_az()
    az.login()
    return az


@pytest.fixture(scope="module")
def group(cloud):
    """A resource group for the module's tests."""
    name = unique("rg")
    cloud.make_group(name)
    return name


@pytest.fixture(scope="module")
def vault(cloud, group):
    """The name of a vault that goes by roles."""
    name = unique("kv")
    make_vault(cloud, group, name)
    return name


@pytest.fixture(scope="module")
def other_vault(cloud, group):
    name = unique("kv")
    make_vault(cloud, group, name)
    return name


@pytest.fixture(scope="module")
def rg(az):
    """A resource group for the module's commands, gone with everything in it before the next module begins."""
    name = unique("rg")
    az("group", "create", "-n", name, "-l", "paris")
    yield name
    az("group", "delete", "-n", name, "--yes")


@pytest.fixture(scope="module")
def account(cloud, group):
    """A storage account for the module's tests: its name and first key."""
    name = unique("acct")
    return name, cloud.make_account(group, name)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    report = (yield).get_result()
    cloud = item.funcargs.get("cloud") if hasattr(item, "funcargs") else None
    if report.failed and cloud is not None and cloud.variables:
        report.sections.append(("the cloud's log", cloud.log_tail()))


@pytest.fixture
def table(record_property):
    """Prints a text, a table say, at the end of the run, whichever process the test runs in."""
    return lambda text: record_property(PRINTED, text)


def pytest_terminal_summary(terminalreporter):
    for reports in terminalreporter.stats.values():
        for report in reports:
            # The report of a test's end has what that of the test itself has.
            for name, text in report.user_properties if getattr(report, "when", None) == "call" else ():
                if name == PRINTED:
                    terminalreporter.section(report.nodeid)
                    terminalreporter.write_line(text)
