"""Runs a suite in a process of its own and says what became of each test."""

import os
import shutil
import signal
import subprocess
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
# For Python's path: what leads the names of the cloud under test home.
NAMES = HERE / "names"
ENVIRONMENT = Path(os.environ.get("COCAGNE_SUITES", HERE.parent.parent / ".venv" / "suites"))
# A test that hangs is one that failed. The longest send and fetch hundreds of MiB.
TEST_SECONDS = 180
RUN_SECONDS = 45 * 60
# pytest's exit codes for runs in which every test was carried out.
ALL_PASSED, SOME_FAILED = 0, 1


@dataclass
class Result:
    passed: set = field(default_factory=set)
    # The first line of what went wrong, by test.
    failed: dict = field(default_factory=dict)
    skipped: set = field(default_factory=set)

    def add(self, other):
        self.passed |= other.passed
        self.failed |= other.failed
        self.skipped |= other.skipped
        return self

    @property
    def share(self):
        """Of the tests that did not skip, those that passed."""
        ran = len(self.passed) + len(self.failed)
        return len(self.passed) / ran if ran else 0.0

    def summary(self, name):
        lines = [f"{name}: {len(self.passed)} passed, {len(self.failed)} failed, {len(self.skipped)} skipped ({self.share:.1%} of those that ran)"]
        return "\n".join(lines + [f"  {test}: {reason}" for test, reason in sorted(self.failed.items())])


def run(source, files, variables, deselected, folder):
    """The result of the tests in `files` of an unpacked source distribution. `folder` is where the report and the output stay."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = source / "tests" / "settings"
    if settings.exists():
        shutil.copy(HERE / "settings_real.py", settings)
    report = folder / "report.xml"
    command = [
        ENVIRONMENT / "bin" / "python", "-m", "pytest", "-c", HERE / "pytest.ini", "--rootdir", source, "-p", "devtools_testutils", "-p", "no:cacheprovider",
        "-q", "--timeout", str(TEST_SECONDS), f"--junitxml={report}", *(f"--deselect=tests/{test}" for test in deselected), *files
    ]
    environment = variables | {"PYTHONPATH": f"{HERE / 'stand_in'}:{NAMES}", "PYTHONDONTWRITEBYTECODE": "1"}
    with open(folder / "output.txt", "wb") as output:
        process = subprocess.Popen(
            command, cwd=source, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            code = process.wait(RUN_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise AssertionError(f"{source.name} had not ended after {RUN_SECONDS} s\n{tail(folder)}")
    assert code in (ALL_PASSED, SOME_FAILED), f"{source.name}: pytest ended with {code}\n{tail(folder)}"
    return parse(report)


def tail(folder, lines=30):
    return "\n".join((folder / "output.txt").read_text(errors="replace").splitlines()[-lines:])


def parse(report):
    result = Result()
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        name = test_id(case)
        trouble = case.find("failure") if case.find("failure") is not None else case.find("error")
        if trouble is not None:
            # An error after the test's body counts like one in it.
            result.passed.discard(name)
            result.failed[name] = (trouble.get("message") or "").splitlines()[0] if trouble.get("message") else trouble.tag
        elif case.find("skipped") is not None:
            result.skipped.add(name)
        elif name not in result.failed:
            result.passed.add(name)
    return result


def test_id(case):
    """`tests.test_sas.TestSas` and `test_x[a]` become `test_sas.py::TestSas::test_x[a]`."""
    _, *path = case.get("classname").split(".")
    module = next(index for index, name in enumerate(path) if name.startswith("test_"))
    return "::".join(["/".join(path[:module + 1]) + ".py", *path[module + 1:], case.get("name")])
