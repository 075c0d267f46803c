"""When something of a machine is first to be seen: its console, its SSH server, the end of an operation."""

import socket
import time
from pathlib import Path

from measure import Failure

# An emulated guest takes some seconds of a core to boot; a machine that runs other things meanwhile is slow.
BOOT_SECONDS = 120
LOOK_SECONDS = 0.005
# Between two questions to an operation.
POLL_SECONDS = 0.5
USERSPACE, SSH = "guest: userspace", "guest: ssh"


class Answering:
    """Whether an SSH server at an address says its name. Never waits, so that one loop looks at many."""

    first_patience_seconds, last_patience_seconds = 0.1, 2.0

    def __init__(self, address):
        self.address, self.socket, self.patience, self.since = address, None, self.first_patience_seconds, 0.0

    def __call__(self):
        if self.socket is None:
            self.socket, self.since = socket.socket(), time.monotonic()
            self.socket.setblocking(False)
            self.socket.connect_ex((self.address, 22))
        try:
            done = self.socket.recv(4) == b"SSH-"
        except BlockingIOError:
            # Where the first packet was lost, the kernel's own next one comes a second later.
            if time.monotonic() - self.since < self.patience:
                return False
            self.patience = min(self.patience * 1.5, self.last_patience_seconds)
            done = False
        except OSError:
            done = False
        self.socket.close()
        self.socket = None
        return done


class Boot:
    """What is to be seen of a guest that boots."""

    def __init__(self, console, address):
        self.console, self.answering = Path(console), Answering(address)

    def text(self):
        try:
            return self.console.read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def is_in_userspace(self):
        return USERSPACE in self.text()

    def answers(self):
        # Nobody is asked before he listens, so that no packet is lost for which both then wait.
        return SSH in self.text() and self.answering()

    def watch(self):
        """When the guest said its first line, and when SSH answered."""
        conditions = {"the guest's first line": self.is_in_userspace, "SSH": self.answers}
        return list(moments(conditions, BOOT_SECONDS, where=lambda: f"{self.console}:\n{self.text()[-2000:]}").values())


def moments(conditions, seconds, look_seconds=LOOK_SECONDS, where=lambda: ""):
    """When each of some conditions, by name, became true."""
    deadline, found = time.monotonic() + seconds, dict.fromkeys(conditions)
    while True:
        for name, condition in conditions.items():
            if found[name] is None and condition():
                found[name] = time.monotonic()
        missing = [name for name, moment in found.items() if moment is None]
        if not missing:
            return found
        if time.monotonic() > deadline:
            raise Failure(f"not within {seconds} s: {', '.join(missing)}\n{where()}")
        time.sleep(look_seconds)


def seldom(condition):
    """A condition that costs a request, asked twice a second."""
    last = 0.0

    def ask():
        nonlocal last
        if time.monotonic() - last < POLL_SECONDS:
            return False
        last = time.monotonic()
        return condition()
    return ask
