"""No test reaches beyond this machine: a connection elsewhere is refused and named."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

connect, look_up = socket.socket.connect, socket.getaddrinfo


class Outside(OSError):
    """A test tried to leave the machine."""


def is_here(host: object) -> bool:
    if host in (None, "", "localhost", b"localhost"):
        return True
    try:
        return ipaddress.ip_address(host if isinstance(host, str) else "").is_loopback
    except ValueError:
        return False


def only_here(self: socket.socket, address: Any) -> None:
    if self.family in (socket.AF_INET, socket.AF_INET6) and not is_here(address[0]):
        raise Outside(f"A test tried to reach {address}.")
    connect(self, address)


def only_known(host: Any, *args: Any, **kwargs: Any) -> Any:
    if not is_here(host):
        raise Outside(f"A test asked for the address of {host!r}.")
    return look_up(host, *args, **kwargs)


def close() -> None:
    """Refuse the outside from now on, in this process."""
    socket.socket.connect = only_here  # type: ignore[method-assign, assignment]
    socket.getaddrinfo = only_known
