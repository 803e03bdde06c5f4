"""Where a server listens: one process alone, or several at one address."""

import os
import socket
import sys
from typing import Any

from penchant.errors import NotReadyError, UsageError

QUEUE = 2_048  # connections that wait to be taken
_DEALS = sys.platform == "linux"  # whether the system deals connections out among all that listen at an address


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens on an address; port 0 takes a free one.

    Raises UsageError for an address that is none, NotReadyError for one that is taken.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address, family=family, backlog=QUEUE)
    except socket.gaierror as error:
        raise UsageError(f"host {host!r} is not the address of anything: {error.strerror}") from error
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise NotReadyError(f"port {port} of {host} cannot be listened on: {reason}") from error


def shared(host: str, port: int) -> socket.socket:
    """An address for several processes, each of which makes `own` of it what it listens on; raises as `listening`.

    One socket for all is emptied by whoever is quickest: of 16 connections opened at once one process of two took all.
    """
    sock = listening(host, port)  # an address that anybody else listens on is taken
    if not _DEALS:
        return sock
    with sock:
        place = sock.getsockname()
    return _beside(sock.family, place)


def own(sock: socket.socket) -> socket.socket:
    """What this process listens on once it is up, of an address that is shared."""
    return _beside(sock.family, sock.getsockname()) if _DEALS else sock


def _beside(family: int, address: Any) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
        sock.setsockopt(socket.SOL_SOCKET, option, 1)
    sock.bind(address)
    return sock
