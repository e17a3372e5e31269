"""Settings: read once from the environment and the data folder, checked as a whole, frozen.

Nothing else in the platform reads the environment. Addresses of services that are not set lead to the embedded ones of
the data folder, whose ports and passwords are found there. `docs/settings.md` lists every variable.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from kernel.web.origin import Proxies
from portal import setting_values as values
from portal.embedded.home import CHECKOUT, Home, choose_home
from portal.embedded.postgres import DATABASE, LOGINS
from portal.errors import CommandError
from portal.setting_values import Address

T = TypeVar("T")
TRUE, FALSE = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off", ""})
NOBODY: tuple[Address, ...] = ()


class SettingsError(CommandError):
    """One or more settings are wrong or missing; the message lists all of them."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("设置有误：\n" + "\n".join(f"  - {fault}" for fault in faults), code=2)
        self.faults = faults


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A value that must not show up in logs, error pages or tracebacks; `reveal()` is the only way to it."""

    _value: str

    def reveal(self) -> str:
        """The value itself."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    def __bool__(self) -> bool:
        return bool(self._value)


@dataclass(frozen=True, slots=True)
class ObjectStoreSettings:
    """Where files go: a folder of ours, or a bucket."""

    folder: Path | None
    bucket: str = ""
    prefix: str = ""
    endpoint: str = ""
    region: str = ""
    access_key_id: str = ""
    secret_access_key: Secret = Secret("")


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that differs from one installation to the next."""

    home: Path
    production: bool
    rehearsal: bool
    site_name: str
    base_url: str
    host: str
    port: int
    #: The port that SUNLIT_PORT names; 0 if none: then a taken one may be replaced.
    asked_port: int
    log_level: str
    secret_key: Secret
    #: One address per database login; `postgresql://user:password@host:port/database`.
    database_url: Secret
    database_owner_url: Secret
    database_supervision_url: Secret
    database_log_url: Secret
    redis_url: Secret
    object_store: ObjectStoreSettings
    log_origin: str
    signer: Address | None
    signer_token: Secret
    witnesses: tuple[Address, ...]
    witness_token: Secret
    trusted_proxies: Proxies
    metrics_token: Secret
    #: The signed list of issuers whose e-licences count, and the public half of the offline key that signs it.
    licence_trust: Path | None
    licence_trust_key: str
    #: Where the time-stamping authority is asked (it may hold a password), and the file of roots its tokens lead to.
    timestamper: Secret
    timestamp_roots: Path | None
    #: Where mails are handed over (it holds a password), and the address that they come from.
    mail_server: Secret
    mail_sender: str
    #: Trust the local authority although this is no rehearsal; every page then says so.
    trust_local_authority: bool
    #: Which services `serve` starts itself, because no outside address was given.
    embedded_postgres: bool
    embedded_valkey: bool
    embedded_signer: bool
    embedded_witness: bool


@dataclass(frozen=True, slots=True)
class Variable:
    """One line of `docs/settings.md`."""

    name: str
    field: str
    meaning: str


VARIABLES = (
    Variable("SUNLIT_HOME", "home", "data folder; `--home` outranks it; default `var` in the checkout"),
    Variable("SUNLIT_PRODUCTION", "production", "`1`: refuse insecure stand-ins and plain-http base addresses"),
    Variable("SUNLIT_REHEARSAL", "rehearsal", "`1`: the clock may carry an offset; shown on every page and record"),
    Variable("SUNLIT_SITE_NAME", "site_name", "name in the page head; default 阳光交易"),
    Variable("SUNLIT_BASE_URL", "base_url", "address that visitors use; default: the address listened on"),
    Variable("SUNLIT_HOST", "host", "address to listen on; default 127.0.0.1"),
    Variable("SUNLIT_PORT", "port", "port to listen on; default 8000, `serve` takes the next free one"),
    Variable("SUNLIT_LOG_LEVEL", "log_level", "debug, info, warning or error; default info"),
    Variable("SUNLIT_SECRET_KEY", "secret_key", "secret; protects form tokens; default: made once in the data folder"),
    Variable("SUNLIT_DATABASE_URL", "database_url", "secret; login `portal_rw`; empty: embedded PostgreSQL"),
    Variable("SUNLIT_DATABASE_OWNER_URL", "database_owner_url", "secret; login `sunlit_owner`, migrations only"),
    Variable("SUNLIT_DATABASE_SUPERVISION_URL", "database_supervision_url", "secret; login `supervision_ro`"),
    Variable("SUNLIT_DATABASE_LOG_URL", "database_log_url", "secret; login `log_append`"),
    Variable("SUNLIT_REDIS_URL", "redis_url", "secret; empty: embedded Valkey"),
    Variable("SUNLIT_OBJECT_STORE", "object_store", "folder, or `s3://bucket/prefix`; default `objects` in the home"),
    Variable("SUNLIT_S3_ENDPOINT", "object_store", "address of an S3 service other than Amazon's"),
    Variable("SUNLIT_S3_REGION", "object_store", "region of the bucket; default us-east-1"),
    Variable("SUNLIT_S3_ACCESS_KEY_ID", "object_store", "name of the access key"),
    Variable("SUNLIT_S3_SECRET_ACCESS_KEY", "object_store", "secret; the access key"),
    Variable(
        "SUNLIT_LOG_ORIGIN", "log_origin", "name of the append-only log, in every checkpoint; default sunlit.local/log"
    ),
    Variable("SUNLIT_SIGNER", "signer", "`host:port` of the log signer; empty: `serve` runs one"),
    Variable("SUNLIT_SIGNER_TOKEN", "signer_token", "secret shared with the signer; default: made in the data folder"),
    Variable("SUNLIT_WITNESSES", "witnesses", "`host:port` of witnesses, with commas; empty: `serve` runs one"),
    Variable("SUNLIT_WITNESS_TOKEN", "witness_token", "secret shared with the witnesses; default: as for the signer"),
    Variable(
        "SUNLIT_TRUSTED_PROXIES",
        "trusted_proxies",
        "addresses or networks of reverse proxies, with commas, whose `X-Forwarded-For` names the visitor; empty: none",
    ),
    Variable(
        "SUNLIT_METRICS_TOKEN",
        "metrics_token",
        "secret; `/metrics` answers to `Authorization: Bearer` with it; empty: to this machine; production: nobody",
    ),
    Variable("SUNLIT_LICENCE_TRUST", "licence_trust", "signed list of the issuers whose e-licences count (file)"),
    Variable(
        "SUNLIT_LICENCE_TRUST_KEY", "licence_trust_key", "public key (SPKI, base64url) of whoever signs that list"
    ),
    Variable("SUNLIT_TSA", "timestamper", "secret; address of the time-stamping authority (RFC 3161); empty: none"),
    Variable("SUNLIT_TSA_ROOTS", "timestamp_roots", "PEM file; roots of this and of earlier time-stamping authorities"),
    Variable(
        "SUNLIT_SMTP",
        "mail_server",
        "secret; `smtps://user:password@host:465`, or `smtp://…:587` with STARTTLS; empty: demonstrations write `.eml`"
        " files into `mail` in the home, production sends none",
    ),
    Variable("SUNLIT_MAIL_FROM", "mail_sender", "address that mails come from; needed with SUNLIT_SMTP"),
    Variable(
        "SUNLIT_TRUST_LOCAL_AUTHORITY",
        "trust_local_authority",
        "`1`: trust the unprotected local authority outside a rehearsal, for time stamps too; every page says DEMO",
    ),
)
#: Fields that follow from the others and have no variable of their own.
DERIVED = frozenset({"embedded_postgres", "embedded_valkey", "embedded_signer", "embedded_witness", "asked_port"})

DATABASE_FIELDS = {
    "database_url": "portal",
    "database_owner_url": "owner",
    "database_supervision_url": "supervision",
    "database_log_url": "log",
}


def load_settings(home: Path | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """Read and check all settings.

    Args:
        home: data folder from the command line.
        environment: default: the process environment.
    Raises:
        SettingsError: with every fault found, not only the first.
    """
    reader = _Reader(os.environ if environment is None else environment)
    folder = choose_home(home or (Path(reader.text("SUNLIT_HOME")) if reader.text("SUNLIT_HOME") else None))
    state = Home(folder)
    endpoints = state.read_endpoints()
    production = reader.flag("SUNLIT_PRODUCTION")
    host = reader.text("SUNLIT_HOST") or "127.0.0.1"
    asked_port = reader.checked("SUNLIT_PORT", values.port, 0)
    port = endpoints.get("web", {}).get("port", asked_port or 8000)
    databases = _databases(reader, state, endpoints)
    signer = reader.checked("SUNLIT_SIGNER", values.address, None)
    witnesses = reader.checked("SUNLIT_WITNESSES", values.addresses, NOBODY)
    redis = reader.checked("SUNLIT_REDIS_URL", values.redis_url, "")
    settings = Settings(
        home=folder,
        production=production,
        rehearsal=reader.flag("SUNLIT_REHEARSAL") or state.is_rehearsal,
        site_name=reader.text("SUNLIT_SITE_NAME") or "阳光交易",
        base_url=reader.checked("SUNLIT_BASE_URL", values.http_url, f"http://{host}:{port}"),
        host=host,
        port=port,
        asked_port=asked_port,
        log_level=reader.checked("SUNLIT_LOG_LEVEL", values.log_level, "info"),
        secret_key=Secret(reader.text("SUNLIT_SECRET_KEY") or state.known_password("secret-key") or ""),
        redis_url=Secret(redis or _embedded_redis(state, endpoints)),
        object_store=_object_store(reader, folder),
        log_origin=reader.text("SUNLIT_LOG_ORIGIN") or "sunlit.local/log",
        signer=signer or _embedded_address(endpoints, "signer"),
        signer_token=Secret(reader.text("SUNLIT_SIGNER_TOKEN") or state.known_password("signer") or ""),
        witnesses=witnesses or tuple(filter(None, [_embedded_address(endpoints, "witness")])),
        witness_token=Secret(reader.text("SUNLIT_WITNESS_TOKEN") or state.known_password("witness") or ""),
        trusted_proxies=reader.checked("SUNLIT_TRUSTED_PROXIES", values.networks, Proxies()),
        metrics_token=Secret(reader.text("SUNLIT_METRICS_TOKEN")),
        licence_trust=Path(reader.text("SUNLIT_LICENCE_TRUST")) if reader.text("SUNLIT_LICENCE_TRUST") else None,
        licence_trust_key=reader.text("SUNLIT_LICENCE_TRUST_KEY"),
        timestamper=Secret(reader.checked("SUNLIT_TSA", values.http_url, "")),
        timestamp_roots=Path(reader.text("SUNLIT_TSA_ROOTS")) if reader.text("SUNLIT_TSA_ROOTS") else None,
        mail_server=Secret(reader.checked("SUNLIT_SMTP", values.smtp_url, "")),
        mail_sender=reader.checked("SUNLIT_MAIL_FROM", values.mail_address, ""),
        trust_local_authority=reader.flag("SUNLIT_TRUST_LOCAL_AUTHORITY"),
        embedded_postgres=not reader.text("SUNLIT_DATABASE_URL"),
        embedded_valkey=not redis,
        embedded_signer=not signer,
        embedded_witness=not witnesses,
        **databases,
    )
    reader.faults += _faults_together(settings, reader)
    if reader.faults:
        raise SettingsError(reader.faults)
    return settings


def child_environment(home: Path) -> dict[str, str]:
    """Environment for our own processes: ours, with the data folder and the way to our modules."""
    return {**os.environ, "SUNLIT_HOME": str(home), "PYTHONPATH": str(CHECKOUT), "PYTHONUNBUFFERED": "1"}


class _Reader:
    """Reads variables and collects what is wrong with them."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.faults: list[str] = []
        known = {variable.name for variable in VARIABLES}
        strangers = {
            name for name in environment if name.startswith("SUNLIT_") and name not in known and "_TEST_" not in name
        }
        self.faults += [f"不认识的设置 {name}" for name in sorted(strangers)]

    def text(self, name: str) -> str:
        return self._environment.get(name, "").strip()

    def flag(self, name: str) -> bool:
        word = self.text(name).lower()
        if word not in TRUE | FALSE:
            self.faults.append(f"{name} 应为 1 或 0")
        return word in TRUE

    def checked(self, name: str, parse: Callable[[str], T], default: T) -> T:
        word = self.text(name)
        if not word:
            return default
        try:
            return parse(word)
        except ValueError as wrong:
            # The value itself is not repeated: it may hold a password.
            self.faults.append(f"{name} {wrong}")
            return default


def _databases(reader: _Reader, state: Home, endpoints: Mapping[str, Any]) -> dict[str, Secret]:
    outside = bool(reader.text("SUNLIT_DATABASE_URL"))
    port = endpoints.get("postgres", {}).get("port")
    found = {}
    for field, login in DATABASE_FIELDS.items():
        name = next(variable.name for variable in VARIABLES if variable.field == field)
        url = reader.checked(name, values.postgres_url, "")
        password = state.known_password(f"database-{login}")
        if not url and not outside and port and password:
            url = f"postgresql://{LOGINS[login]}:{password}@127.0.0.1:{port}/{DATABASE}"
        elif url and not outside:
            reader.faults.append(f"设置了 {name}，但没有设置 SUNLIT_DATABASE_URL")
        elif outside and not url:
            reader.faults.append(f"设置了 SUNLIT_DATABASE_URL，还需要 {name}")
        found[field] = Secret(url)
    return found


def _embedded_address(endpoints: Mapping[str, Any], name: str) -> Address | None:
    port = endpoints.get(name, {}).get("port")
    return ("127.0.0.1", int(port)) if port else None


def _embedded_redis(state: Home, endpoints: Mapping[str, Any]) -> str:
    port, password = endpoints.get("valkey", {}).get("port"), state.known_password("valkey")
    return f"redis://:{password}@127.0.0.1:{port}/0" if port and password else ""


def _object_store(reader: _Reader, home: Path) -> ObjectStoreSettings:
    where = reader.text("SUNLIT_OBJECT_STORE")
    if not where.startswith("s3://"):
        return ObjectStoreSettings(folder=Path(where).expanduser().absolute() if where else home / "objects")
    bucket, _, prefix = where.removeprefix("s3://").partition("/")
    if not bucket:
        reader.faults.append("SUNLIT_OBJECT_STORE 缺少存储桶名：s3://桶名/前缀")
    for name in ("SUNLIT_S3_ACCESS_KEY_ID", "SUNLIT_S3_SECRET_ACCESS_KEY"):
        if not reader.text(name):
            reader.faults.append(f"使用 S3 存储时需要 {name}")
    return ObjectStoreSettings(
        folder=None,
        bucket=bucket,
        prefix=prefix.strip("/"),
        endpoint=reader.checked("SUNLIT_S3_ENDPOINT", values.http_url, ""),
        region=reader.text("SUNLIT_S3_REGION") or "us-east-1",
        access_key_id=reader.text("SUNLIT_S3_ACCESS_KEY_ID"),
        secret_access_key=Secret(reader.text("SUNLIT_S3_SECRET_ACCESS_KEY")),
    )


def _faults_together(settings: Settings, reader: _Reader) -> list[str]:
    """What is wrong with settings that are each right alone."""
    faults = []
    if settings.metrics_token and len(settings.metrics_token.reveal()) < 16:
        faults.append("SUNLIT_METRICS_TOKEN 至少需要 16 个字符")
    if (settings.licence_trust is None) != (not settings.licence_trust_key):
        faults.append("SUNLIT_LICENCE_TRUST 与 SUNLIT_LICENCE_TRUST_KEY 必须一起设置")
    if settings.mail_server and not settings.mail_sender:
        faults.append("设置了 SUNLIT_SMTP，还需要 SUNLIT_MAIL_FROM")
    if settings.timestamper and settings.timestamp_roots is None:
        faults.append("设置了 SUNLIT_TSA，还需要 SUNLIT_TSA_ROOTS（时间戳机构的根证书，PEM 文件）")
    if settings.timestamper and settings.rehearsal:
        faults.append("演练环境的时钟可以调整，只使用演示时间戳：请去掉 SUNLIT_TSA")
    if settings.production:
        if settings.rehearsal:
            faults.append("SUNLIT_PRODUCTION 与 SUNLIT_REHEARSAL 不能同时为 1")
        if not settings.base_url.startswith("https://"):
            faults.append("生产环境的 SUNLIT_BASE_URL 必须以 https 开头，否则浏览器不能加密投标文件")
        if len(reader.text("SUNLIT_SECRET_KEY")) < 32:
            faults.append("生产环境必须设置 SUNLIT_SECRET_KEY（至少 32 个字符）")
        if settings.embedded_signer:
            faults.append("生产环境必须设置 SUNLIT_SIGNER：日志签名进程应在另一台主机上")
    return faults
