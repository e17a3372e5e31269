"""Where a request comes from: the peer, or what proxies of ours say of it.

`X-Forwarded-For` is a list that anybody may begin; only its end was written by proxies we know. So it is read from the
right, for as long as the address that wrote an item is one of ours, and never when the peer itself is a stranger.
"""

import ipaddress
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from litestar.types import Scope


class Proxies:
    """Addresses whose word on where a request comes from is taken.

    Args:
        networks: addresses or networks in CIDR form.

    Raises:
        ValueError: one is neither.
    """

    def __init__(self, networks: Iterable[str] = ()) -> None:
        self._networks = tuple(ipaddress.ip_network(network) for network in networks)

    def __contains__(self, address: str) -> bool:
        try:
            known = ipaddress.ip_address(address)
        except ValueError:
            return False
        if isinstance(known, ipaddress.IPv6Address) and known.ipv4_mapped is not None:
            known = known.ipv4_mapped
        return any(known.version == network.version and known in network for network in self._networks)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Proxies) and other._networks == self._networks

    def __hash__(self) -> int:
        return hash(self._networks)


NOBODY = Proxies()


def origin_of(peer: str, forwarded: Sequence[str], proxies: Proxies) -> str:
    """Return the address that counts as the visitor's.

    Args:
        forwarded: values of `X-Forwarded-For`, in the order of the headers.
    """
    origin = peer
    hops = [hop.strip() for value in forwarded for hop in value.split(",")]
    for hop in reversed(hops):
        if origin not in proxies:
            break
        try:
            origin = str(ipaddress.ip_address(hop))
        except ValueError:
            break  # a proxy of ours wrote no address: it stands for whoever is behind it
    return origin


def origin_of_scope(scope: "Scope", proxies: Proxies) -> str:
    """Return the origin of a request."""
    client = scope.get("client")
    peer = str(client[0]) if client else ""
    forwarded = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
    return origin_of(peer, forwarded, proxies)
