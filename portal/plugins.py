"""Collaborators of the packages above the kernel, by name."""

from typing import Any

from bidding.holders import RegisteredHolders
from experts.facade import CommitteeMembers
from kernel.crypto.authority import load_authority
from kernel.drawbook.vault import Vault
from kernel.mail import MAIL, FolderDesk, MailDesk, SmtpDesk
from kernel.parties.fields import FieldCipher
from kernel.timestamps.ordering import STAMPS, StampDesk
from portal import administrators, keyring
from portal.embedded.home import Home
from portal.licences import authority_folder, load_licence_trust
from portal.seals import SealDesk, load_policy
from portal.settings import Settings
from portal.timestamps import stamp_service


def make_plugins(settings: Settings, *, seals: bool = False) -> dict[str, Any]:
    """Return the collaborators of an installation.

    Args:
        seals: with the services of seals and time stamps; only the process that makes documents gets them.

    Raises:
        TrustRefused: the issuers of e-licences or time stamps that it was told to trust do not hold.
    """
    home = Home(settings.home)
    plugins: dict[str, Any] = {
        "holders": RegisteredHolders(),
        "evaluators": CommitteeMembers(),
        "vault": Vault(keyring.vault_key(home)),
        "seal_policy": load_policy(),
        "fields": FieldCipher(keyring.field_key(home)),
        administrators.PLUGIN: home / "keys",
    }
    licences = load_licence_trust(settings)
    if licences is not None:
        plugins["licences"] = licences
    desk = mail_desk(settings)
    if desk is not None:
        plugins[MAIL] = desk
    if not seals:
        return plugins
    stamps = stamp_service(settings)
    if stamps is not None:
        plugins[STAMPS] = StampDesk(stamps)
    may_seal = settings.rehearsal or settings.trust_local_authority
    if may_seal and (authority_folder(home) / "root.pem").exists():
        plugins["seals"] = SealDesk(home / "keys" / "seals", load_authority(authority_folder(home)), stamps)
    return plugins


def mail_desk(settings: Settings) -> MailDesk | None:
    """Return where mails are handed over: the server of the settings, a folder in a rehearsal, nothing otherwise."""
    if settings.mail_server:
        return SmtpDesk(settings.mail_server.reveal(), settings.mail_sender)
    if settings.rehearsal:
        return FolderDesk(settings.home / "mail", settings.mail_sender or "receipts@sunlit.example")
    return None
