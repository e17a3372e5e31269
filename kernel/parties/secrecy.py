"""What a firm does on the platform before it was read out in an opening stays sealed.

Signing in for the first time, handing in papers, appointing a clerk: while one lot is open, each of these tells that
somebody means to bid for it, and how many do. Entries about a firm belong to the firm's matter, which opens to
oversight with the first opening that it takes part in; the tables follow the same rule (migration 0017).

Source: R-ET-05, R-ANN-05.
"""

from kernel.identity.actor import Actor

#: The roles of those who sell: they come with an e-licence, and nobody grants them.
SELLERS = frozenset({"bidder"})


def visibility_of(actor: Actor) -> str:
    """Return the visibility of entries about what an organisation does for itself."""
    return "sealed" if actor.roles and actor.roles <= SELLERS else "restricted"
