"""Acts on organisations, accounts and their keys."""

import functools
import uuid
from collections.abc import Iterable

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select

from kernel.codes import uscc_valid
from kernel.crypto import suite
from kernel.db.transaction import Tx
from kernel.errors import Conflict, InvalidInput
from kernel.identity.models import Account, Organisation, PersonKey
from kernel.identity.party_models import OrganisationName
from kernel.names import Spelling, compare_names, name_key

_HASHER = PasswordHasher()
MIN_PASSWORD = 10


@functools.cache
def _no_account() -> str:
    """Return what is checked when no account carries the login, so that both refusals take the same time."""
    return _HASHER.hash("no account carries this login")


async def ensure_organisation(tx: Tx, *, uscc: str, name: str, region: str = "", source: str = "staff") -> Organisation:
    """Return the organisation of a credit code; register it when it is new.

    A name that a licence has certified stands: whoever claims another one for the code is refused, so that no record
    names one firm and means another. What a licence says is not a claim; `note_certified` records it.

    Args:
        source: where the name comes from: `licence` or `staff`.

    Raises:
        InvalidInput: the code's structure or check character is wrong (GB 32100-2015), or a licence has certified
            another name for it.
    """
    if not uscc_valid(uscc):
        raise InvalidInput("统一社会信用代码不正确，请核对 18 位代码及校验位。", [("uscc", "校验位或字符不正确")])
    found = (await tx.session.execute(select(Organisation).where(Organisation.uscc == uscc))).scalar_one_or_none()
    if found is not None:
        if source != "licence" and compare_names(name, found.name) is Spelling.OTHER and await _is_certified(tx, found):
            message = "与该代码电子营业执照上的名称不一致"
            raise InvalidInput("单位名称与统一社会信用代码不符，请核对。", [("name", message)])
        return found
    organisation = Organisation(id=tx.new_id(), uscc=uscc, name=name, region=region, created_at=tx.now)
    tx.session.add(organisation)
    await tx.session.flush()  # its id is a foreign key of the account written next
    tx.session.add(
        OrganisationName(
            id=tx.new_id(),
            organisation_id=organisation.id,
            name=name,
            name_key=name_key(name),
            legal_representative="",
            source=source,
            since=tx.now,
        )
    )
    return organisation


async def _is_certified(tx: Tx, organisation: Organisation) -> bool:
    query = select(OrganisationName.id).where(
        OrganisationName.organisation_id == organisation.id,
        OrganisationName.until.is_(None),
        OrganisationName.source == "licence",
    )
    return (await tx.session.execute(query)).scalar_one_or_none() is not None


async def create_account(
    tx: Tx,
    *,
    login: str,
    display_name: str,
    roles: Iterable[str],
    password: str | None = None,
    organisation_id: uuid.UUID | None = None,
    state: str = "active",
) -> Account:
    """Create an account.

    Args:
        state: `pending` for staff, whom a second person approves.
        password: at least 10 characters; None for holders of an e-licence.

    Raises:
        Conflict: the login is taken.
        InvalidInput: the password is too short.
    """
    if password is not None and len(password) < MIN_PASSWORD:
        raise InvalidInput(f"口令至少需要 {MIN_PASSWORD} 个字符。", [("password", f"至少 {MIN_PASSWORD} 个字符")])
    taken = (await tx.session.execute(select(Account.id).where(Account.login == login))).scalar_one_or_none()
    if taken is not None:
        raise Conflict("这个登录名已被使用。")
    account = Account(
        id=tx.new_id(),
        login=login,
        password_hash=None if password is None else _HASHER.hash(password),
        display_name=display_name,
        organisation_id=organisation_id,
        roles=sorted(roles),
        state=state,
        created_at=tx.now,
        disabled_at=None,
    )
    tx.session.add(account)
    await tx.session.flush()  # keys and sessions refer to it
    return account


def password_matches(account: Account | None, password: str) -> bool:
    """Say whether the password is the account's; takes as long when there is no account."""
    stored = account.password_hash if account is not None and account.password_hash else _no_account()
    try:
        _HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
    return (
        account is not None
        and account.password_hash is not None
        and account.disabled_at is None
        and account.state == "active"
    )


def set_password(account: Account, password: str) -> None:
    """Set the password that the account's holder has chosen.

    Raises:
        InvalidInput: it is too short.
    """
    if len(password) < MIN_PASSWORD:
        raise InvalidInput(f"口令至少需要 {MIN_PASSWORD} 个字符。", [("password", f"至少 {MIN_PASSWORD} 个字符")])
    account.password_hash = _HASHER.hash(password)


async def add_person_key(
    tx: Tx, account_id: uuid.UUID, *, purpose: str, spki: bytes, certificate: bytes | None = None
) -> PersonKey:
    """Record a public key with which a person signs or unwraps.

    Args:
        purpose: `sign` or `unwrap`.
        spki: DER SubjectPublicKeyInfo of a P-256 key.

    Raises:
        InvalidInput: the key cannot be read.
    """
    provider = suite("intl-1")
    try:
        provider.load_public(spki)
    except ValueError as error:
        raise InvalidInput("公钥无法读取，请重新生成密钥文件。", [("spki", "公钥格式不正确")]) from error
    kid = provider.kid(spki)
    found = (await tx.session.execute(select(PersonKey).where(PersonKey.kid == kid))).scalar_one_or_none()
    if found is not None:
        if found.account_id != account_id:
            raise Conflict("这把公钥已登记在另一账户名下。")
        if found.revoked_at is not None:
            raise Conflict("这把密钥已注销，不能再次登记，请生成新的密钥。")
        return found
    key = PersonKey(
        id=tx.new_id(),
        account_id=account_id,
        kid=kid,
        purpose=purpose,
        spki=spki,
        certificate=certificate,
        created_at=tx.now,
        revoked_at=None,
    )
    tx.session.add(key)
    await tx.session.flush()  # the kid is unique: a race is refused here, not at commit
    return key


async def revoke_person_keys(tx: Tx, account_id: uuid.UUID, *, purpose: str) -> list[str]:
    """End a person's keys for a purpose: what they sign from now on is refused, what they signed stays signed.

    Returns:
        The kids of the keys that ended. The act around it records, and is one of two people.
    """
    keys = await list_person_keys(tx, account_id, purpose=purpose)
    for key in keys:
        key.revoked_at = tx.now
    await tx.session.flush()
    return [key.kid for key in keys]


async def list_person_keys(tx: Tx, account_id: uuid.UUID, *, purpose: str) -> list[PersonKey]:
    """Return a person's keys for a purpose that are not revoked, oldest first."""
    query = (
        select(PersonKey)
        .where(PersonKey.account_id == account_id, PersonKey.purpose == purpose, PersonKey.revoked_at.is_(None))
        .order_by(PersonKey.created_at, PersonKey.id)
    )
    return list((await tx.session.execute(query)).scalars())
