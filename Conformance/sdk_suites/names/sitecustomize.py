"""The suites have names of Microsoft's public cloud in their texts. Python imports this at its start."""

import os
import socket

from home import leading_home

DOMAIN = os.environ.get("COCAGNE_DOMAIN", "")

# What ends with `localhost` finds home by itself.
if DOMAIN and not DOMAIN.endswith("localhost"):
    socket.getaddrinfo = leading_home(socket.getaddrinfo, DOMAIN, os.environ.get("COCAGNE_PORT", "443"))
