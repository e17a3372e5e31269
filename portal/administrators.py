"""The first three administrators, whom nobody can approve because nobody is there yet (GB/T 22239, level 3).

In production nobody's password lies anywhere. Each of the three gets a one-time code like every other member of staff,
in two halves: the first is printed where the platform is started, the second lies in a file of the data folder, and
neither alone opens anything. The file goes as soon as the account is active. A rehearsal has passwords of its own in
its data folder, so that the play can begin.

Source: R-SEC-02.
"""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select, text

from kernel.db.transaction import Tx
from kernel.identity import petitions
from kernel.identity.accounts import create_account
from kernel.identity.models import Account
from kernel.web.services import Services
from portal.embedded.home import Home, write_private

ADMINISTRATORS = (
    ("operator", "平台运行人员", ["operator", "system_admin"]),
    ("security", "安全管理员", ["security_admin"]),
    ("audit", "审计管理员", ["audit_admin"]),
)
#: How the second halves are named in `keys/`.
ENDING = ".activation"
#: Name of the plugin that says where they lie.
PLUGIN = "activations"


@dataclass(frozen=True, slots=True)
class FirstCode:
    """What is printed for one of the three.

    Attributes:
        first: first half of the code; empty when an earlier one still holds.
        second: the file with the second half.
    """

    login: str
    name: str
    first: str
    second: Path


async def ensure_administrators(tx: Tx, home: Home, *, rehearsal: bool) -> list[FirstCode]:
    """Make the three who are not there yet.

    Returns:
        Of those whose holder has not come yet; nothing on a rehearsal. A code is made anew only when the last one ran
        out, and never for somebody who was active once: those come back by a recovery, which takes two people.
    """
    found = []
    for login, name, roles in ADMINISTRATORS:
        query = select(Account).where(Account.login == login)
        known = (await tx.session.execute(query)).scalar_one_or_none()
        if known is not None and login == "operator" and known.roles == ["operator"]:
            known.roles = roles  # an installation from before the three administrators
        if rehearsal:
            password = home.password(login)
            if known is None:
                await create_account(tx, login=login, display_name=name, roles=roles, password=password)
            continue
        if known is None:
            known = await create_account(tx, login=login, display_name=name, roles=roles, state="invited")
        if known.state == "invited" and not await _was_active(tx, known):
            found.append(await _code(tx, home, known))
        elif await _was_active(tx, known):
            (home / "keys" / f"{login}.password").unlink(missing_ok=True)  # of an older version
    return found


async def _code(tx: Tx, home: Home, account: Account) -> FirstCode:
    file = home / "keys" / f"{account.login}{ENDING}"
    live = await tx.session.execute(
        text(
            "SELECT 1 FROM identity_invitation WHERE account_id = :account AND used_at IS NULL"
            " AND expires_at > clock_timestamp()"
        ),
        {"account": account.id},
    )
    if live.first() is not None and file.exists():
        return FirstCode(account.login, account.display_name, "", file)
    first = petitions.make_half()
    second = await petitions.invite(tx, account.id, petitions.first_digest(first))
    write_private(file, second.encode() + b"\n")
    return FirstCode(account.login, account.display_name, first, file)


async def _was_active(tx: Tx, account: Account) -> bool:
    query = text("SELECT 1 FROM identity_factor WHERE account_id = :account AND confirmed_at IS NOT NULL LIMIT 1")
    return (await tx.session.execute(query, {"account": account.id})).first() is not None


async def forget_used_codes(services: Services) -> None:
    """Remove the second halves whose account has come to life."""
    folder = services.plugins.get(PLUGIN)
    files = {file.name.removesuffix(ENDING): file for file in folder.glob(f"*{ENDING}")} if folder else {}
    if not files:
        return
    async with services.db.begin_read_only() as tx:
        query = text("SELECT login FROM identity_account WHERE login = ANY (:logins) AND state = 'active'")
        active = list((await tx.session.execute(query, {"logins": list(files)})).scalars())
    for login in active:
        files[login].unlink(missing_ok=True)


DUE = (forget_used_codes,)
