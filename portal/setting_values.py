"""How one setting is read: each function takes a word of the environment and returns its value.

A `ValueError` says what the word should be; it never repeats the word, which may hold a password.
"""

from urllib.parse import urlsplit

from kernel.mail import SmtpDesk
from kernel.web.origin import Proxies

#: Host and port.
Address = tuple[str, int]
LOG_LEVELS = ("debug", "info", "warning", "error")


def port(word: str) -> int:
    """Read a port."""
    if not word.isascii() or not word.isdigit() or not 0 < int(word) < 65_536:
        raise ValueError("应为 1 到 65535 的端口号")
    return int(word)


def log_level(word: str) -> str:
    """Read how much is logged."""
    if word.lower() not in LOG_LEVELS:
        raise ValueError(f"应为 {'、'.join(LOG_LEVELS)} 之一")
    return word.lower()


def http_url(word: str) -> str:
    """Read an address of the web."""
    parts = urlsplit(word)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("应为 http 或 https 地址")
    return word.rstrip("/")


def smtp_url(word: str) -> str:
    """Read where mails are handed over."""
    SmtpDesk(word, "")
    return word


def mail_address(word: str) -> str:
    """Read an address that mails come from."""
    if word.count("@") != 1 or word.startswith("@") or word.endswith("@") or not word.isprintable() or " " in word:
        raise ValueError("应为邮件地址")
    return word


def address(word: str) -> Address:
    """Read `host:port`."""
    host, _, number = word.rpartition(":")
    if not host:
        raise ValueError("应为 主机:端口")
    return host, port(number)


def addresses(word: str) -> tuple[Address, ...]:
    """Read several, with commas."""
    return tuple(address(part.strip()) for part in word.split(",") if part.strip())


def networks(word: str) -> Proxies:
    """Read addresses or networks, with commas."""
    try:
        return Proxies(part.strip() for part in word.split(",") if part.strip())
    except ValueError as error:
        raise ValueError("应为 IP 地址或网段，多个用逗号分隔") from error


def redis_url(word: str) -> str:
    """Read the address of a queue server."""
    parts = urlsplit(word)
    if parts.scheme not in {"redis", "rediss"} or not parts.hostname:
        raise ValueError("应为 redis 或 rediss 地址")
    return word


def postgres_url(word: str) -> str:
    """Read the address of a database, without a driver in it."""
    scheme, separator, rest = word.partition("://")
    parts = urlsplit(f"postgresql://{rest}")
    if scheme not in {"postgresql", "postgres", "postgresql+asyncpg"} or not separator:
        raise ValueError("应为 postgresql 地址")
    if not parts.hostname or not parts.username or not parts.path.strip("/"):
        raise ValueError("应含用户名、主机和数据库名")
    return f"postgresql://{rest}"
