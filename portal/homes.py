"""Where each role's work begins after signing in."""

from kernel.identity.actor import Actor

#: The first role that fits decides.
HOMES = (
    ("bidder", "/b"),
    ("agency", "/a"),
    ("procuring_entity", "/a"),
    ("expert", "/e"),
    ("supervisor", "/s"),
    ("inspector", "/s/tasks"),
    ("trustee", "/w"),
    ("operator", "/rehearsal"),
)


def home_of(actor: Actor) -> str:
    """Return the address of the actor's workbench."""
    for role, address in HOMES:
        if role in actor.roles:
            return address
    return "/"
