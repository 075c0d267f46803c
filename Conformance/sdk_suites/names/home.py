"""Leads the names of a cloud that bears a domain of the world's, `windows.net` for one, to where it listens on this machine."""

STANDARD_PORTS = (443, "443", "https")


def leading_home(resolve, domain, port):
    """`socket.getaddrinfo`, but for the names of the domain; these come without a port in texts that were written for the world's."""
    def resolved(host, service, *arguments, **keywords):
        name = host.decode() if isinstance(host, bytes) else host or ""
        if name == domain or name.endswith(f".{domain}"):
            host, service = "127.0.0.1", port if service in STANDARD_PORTS else service
        return resolve(host, service, *arguments, **keywords)

    return resolved
