"""Free TCP ports on the loopback address."""

import errno
import socket
from dataclasses import dataclass

#: Below the range from which Linux takes the source ports of outgoing connections: a service that restarts finds its
#: own port free again.
FIRST, LAST = 20_000, 32_000
TRIES = 400


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen on the port right now."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as refusal:
            if refusal.errno in {errno.EADDRINUSE, errno.EACCES}:
                return False
            raise
    return True


def listen(wanted: int, host: str = "127.0.0.1", *, exactly: bool = False) -> socket.socket:
    """A listening socket on the wanted port, or the next free one above it.

    Held by the supervisor and inherited by the process that serves it: nobody else can take the port in between, and
    while that process is started again, callers wait instead of being refused.

    Args:
        exactly: the wanted port or none.
    Raises:
        OSError: it is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in [wanted] if exactly else [*range(wanted, min(wanted + TRIES, 65_536)), 0]:
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(2048)
        except OSError as refusal:
            listener.close()
            if exactly or refusal.errno not in {errno.EADDRINUSE, errno.EACCES}:
                raise
        else:
            return listener
    raise OSError(errno.EADDRINUSE, "no free port")


def is_answering(port: int, host: str = "127.0.0.1") -> bool:
    """Whether somebody accepts connections on the port."""
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


@dataclass(frozen=True, slots=True)
class Claim:
    """A port that a server of ours comes back to: while it restarts, no other installation on the machine takes it.

    The kernel lets go of a claim when its process ends, however that ends.
    """

    port: int
    _mark: socket.socket

    def close(self) -> None:
        """Give the port up."""
        self._mark.close()


def claim(wanted: int) -> Claim:
    """Claim the wanted port, or the next one above it that is neither taken nor claimed.

    Raises:
        OSError: there is none.
    """
    for port in range(wanted, min(wanted + TRIES, 65_536)):
        mark = _mark(port)
        if mark is not None and is_free(port):
            return Claim(port, mark)
        if mark is not None:
            mark.close()
    raise OSError(errno.EADDRINUSE, "no free port")


def _mark(port: int) -> socket.socket | None:
    """A socket under a name that stands for the port, on this machine and among our installations; None if it is held.

    Names of this kind (abstract ones) belong to no folder and go with their process.
    """
    mark = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        mark.bind(f"\0sunlit-port-{port}")
    except OSError:
        mark.close()
        return None
    return mark


def find_free(wanted: int, *, taken: frozenset[int] = frozenset(), host: str = "127.0.0.1") -> int:
    """The wanted port, or the next free one above it; ports that are claimed are left alone.

    Args:
        taken: ports already promised to services that do not listen yet.
    """
    for port in range(wanted, min(wanted + TRIES, 65_536)):
        mark = None if port in taken else _mark(port)
        if mark is None:
            continue
        mark.close()
        if is_free(port, host):
            return port
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
