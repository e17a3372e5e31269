"""Set an installation up: migrations, keys, trust file, the row that says what it is, the administrators.

Everything here may run again at any time and changes nothing that is already there.
"""

from dataclasses import dataclass

from sqlalchemy import text

from kernel.db.engine import make_engine
from kernel.db.transaction import Database
from portal import keyring, migrations
from portal.administrators import FirstCode, ensure_administrators
from portal.embedded.home import Home
from portal.errors import CommandError
from portal.licences import authority_folder, ensure_authority, licence_roots, load_licence_trust
from portal.settings import Settings
from portal.timestamps import timestamp_roots
from portal.wiring import async_url


@dataclass(frozen=True, slots=True)
class Installed:
    """What the command line may tell after setting up.

    Attributes:
        operator_password, security_password: of a rehearsal, whose play begins with them; empty in production.
        codes: first halves for the administrators who have not come yet; nothing on a rehearsal.
    """

    operator_login: str
    operator_password: str
    security_password: str
    codes: tuple[FirstCode, ...] = ()


async def install(settings: Settings) -> Installed:
    """Bring an installation to the state that this version needs.

    Raises:
        CommandError: the data folder is a rehearsal and the settings are not, or the other way round; or the issuers of
            e-licences or time stamps do not hold.
    """
    home = Home(settings.home)
    home.password("secret-key")
    home.password("signer")
    home.password("witness")
    if settings.rehearsal:
        ensure_authority(authority_folder(home))
    licences = load_licence_trust(settings)  # before anything is changed: an installation that may not start
    stamping = timestamp_roots(settings)
    owner_url = async_url(settings.database_owner_url.reveal())
    await migrations.upgrade(owner_url)
    await _mark(owner_url, rehearsal=settings.rehearsal)
    name = keyring.log_name(settings.log_origin, rehearsal=settings.rehearsal)
    keyring.make_trust(home, name, licence_roots=licence_roots(licences), timestamp_roots=stamping)
    db = Database(make_engine(async_url(settings.database_url.reveal()), pool_size=1))
    try:
        async with db.begin() as tx:
            codes = await ensure_administrators(tx, home, rehearsal=settings.rehearsal)
    finally:
        await db.close()
    if not settings.rehearsal:
        return Installed("operator", "", "", tuple(codes))
    return Installed("operator", home.password("operator"), home.password("security"))


async def _mark(owner_url: str, *, rehearsal: bool) -> None:
    engine = make_engine(owner_url, pool_size=1)
    try:
        async with engine.begin() as connection:
            await connection.execute(
                text("INSERT INTO kernel_installation (id, rehearsal) VALUES (1, :r) ON CONFLICT (id) DO NOTHING"),
                {"r": rehearsal},
            )
            marked = (await connection.execute(text("SELECT rehearsal FROM kernel_installation"))).scalar_one()
    finally:
        await engine.dispose()
    if marked is not rehearsal:
        kind = "演练" if marked else "正式"
        raise CommandError(f"这个数据目录是{kind}环境，不能改作他用；请用 --home 另选目录。", code=2)
