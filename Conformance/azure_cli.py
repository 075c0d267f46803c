"""The unmodified Azure CLI, with a profile of its own."""

import json
import os
import shutil
import subprocess
from pathlib import Path

AZ = os.environ.get("AZ", "az")
COMMAND_SECONDS = 240


class AzError(AssertionError):
    def __init__(self, arguments, done):
        super().__init__(f"az {' '.join(map(str, arguments))}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        self.exit_code = done.returncode
        self.stderr = done.stderr


class Az:
    """`az("group", "show", "-n", "rg")` gives the JSON that the command prints, or raises `AzError`."""

    def __init__(self, cloud, folder):
        self.cloud = cloud
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.home = self.folder / "home"
        self.home.mkdir(exist_ok=True)
        self.profile = self.folder / "azure"
        # The profile as `up` wrote it: the cloud registered and chosen, nobody logged in.
        source = Path(cloud.variables["AZURE_CONFIG_DIR"])
        self.profile.mkdir(exist_ok=True)
        for name in ("config", "clouds.config"):
            shutil.copy(source / name, self.profile / name)
        self.environment = cloud.environment() | {"AZURE_CONFIG_DIR": str(self.profile), "HOME": str(self.home)}

    def __call__(self, *arguments):
        done = self.run(*arguments)
        if done.returncode != 0:
            raise AzError(arguments, done)
        return json.loads(done.stdout) if done.stdout.strip() else None

    def text(self, *arguments):
        """What the command prints with `-o tsv`."""
        done = self.run(*arguments, "-o", "tsv")
        if done.returncode != 0:
            raise AzError(arguments, done)
        return done.stdout.strip()

    def refused(self, *arguments):
        """The message of a command that must fail."""
        done = self.run(*arguments)
        assert done.returncode != 0, f"az {' '.join(map(str, arguments))} was not refused: {done.stdout}"
        return done.stderr

    def run(self, *arguments):
        return subprocess.run(
            [AZ, *map(str, arguments)], env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=COMMAND_SECONDS,
            cwd=self.folder)

    def start(self, *arguments):
        """The command as a running process, its standard error to be read."""
        return subprocess.Popen(
            [AZ, *map(str, arguments)], env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            cwd=self.folder)

    def login(self, client_id=None, secret=None, tenant=None, *more):
        return self(
            "login", "--service-principal", "-u", client_id or self.cloud.client_id, "-p", secret or self.cloud.client_secret, "--tenant",
            tenant or self.cloud.tenant, *more)
