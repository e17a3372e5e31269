"""The local issuing authority of development, tests and rehearsals, and the roots that the trust file names."""

from portal.embedded.home import Home


def licence_roots(home: Home) -> list[str]:
    """Return the PEM certificates of the issuers that count here."""
    file = home / "keys" / "authority" / "root.pem"
    return [file.read_text(encoding="ascii")] if file.exists() else []
