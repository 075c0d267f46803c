"""Leads the names of a cloud that bears a domain of the world's, `windows.net` for one, to where it listens on this machine.

The suites have names of Microsoft's public cloud in their texts, without a port. Python imports this at its start.
"""

import os
import socket

DOMAIN = os.environ.get("COCAGNE_DOMAIN", "")
PORT = os.environ.get("COCAGNE_PORT", "443")
STANDARD_PORTS = (443, "443", "https")


def leading_home(resolve):
    def resolved(host, port, *arguments, **keywords):
        name = host.decode() if isinstance(host, bytes) else host or ""
        if name == DOMAIN or name.endswith(f".{DOMAIN}"):
            host, port = "127.0.0.1", PORT if port in STANDARD_PORTS else port
        return resolve(host, port, *arguments, **keywords)

    return resolved


# What ends with `localhost` finds home by itself.
if DOMAIN and not DOMAIN.endswith("localhost"):
    socket.getaddrinfo = leading_home(socket.getaddrinfo)
