"""Collaborators of the packages above the kernel, by name."""

from typing import Any

from bidding.holders import RegisteredHolders
from experts.facade import CommitteeMembers
from kernel.drawbook.vault import Vault
from kernel.parties.fields import FieldCipher
from portal import keyring
from portal.embedded.home import Home
from portal.licences import LocalLicences, ensure_authority, licence_roots
from portal.seals import SealDesk, load_policy


def make_plugins(home: Home, *, seals: bool = False) -> dict[str, Any]:
    """Return the collaborators of an installation.

    Args:
        seals: with the seal service; only the process that makes documents gets it.
    """
    plugins: dict[str, Any] = {
        "holders": RegisteredHolders(),
        "evaluators": CommitteeMembers(),
        "vault": Vault(keyring.vault_key(home)),
        "seal_policy": load_policy(),
        "fields": FieldCipher(keyring.field_key(home)),
    }
    if licence_roots(home):
        authority = ensure_authority(home)
        plugins["licences"] = LocalLicences(authority)
        if seals:
            plugins["seals"] = SealDesk(home / "keys" / "seals", authority)
    return plugins
