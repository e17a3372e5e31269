"""How the bidder's program refuses, and how it says what the platform or a check said."""

from typing import Any

from kernel.crypto import CryptoError
from kernel.log import LogError
from portal.errors import CommandError

#: Checks of pure modules, in words for the bidder: what to do first, then the cause.
WORDS = {
    "unlogged": "公开账本还没有收录它，请稍后再试。",
    "entry-digest": "账本条目与内容不一致。",
    "entry-type": "账本条目是另一类记录。",
    "inclusion": "收录证明不成立：它不在账本中。",
    "checkpoint-format": "账本检查点的格式不正确。",
    "checkpoint-origin": "账本检查点来自另一个账本。",
    "checkpoint-signature": "账本检查点的签名无效。",
    "checkpoint-size": "收录证明与检查点的规模不一致。",
    "witness": "账本检查点缺少足够的见证签名。",
    "trust-format": "信任文件的格式不正确。",
    "receipt-signature": "回执的平台签名无效。",
    "receipt-type": "这不是投标接收回执。",
    "close-root": "封存清单与公开账本记录的不一致。",
    "close-list": "您的投标不在封存清单内。",
    "sbk-passphrase": "口令打不开这个开标文件（.sbk）。",
    "sbk-format": "这不是开标文件（.sbk），或文件已损坏。",
    "key": "口令不正确，或密钥文件已损坏。",
    "key-file": "这不是所需的密钥文件。",
    "unwrap": "这个密钥打不开您的封装。",
    "bidder-secret": "取出的密钥与封装中的承诺不一致。",
    "key-commit": "文件密钥与封装中的承诺不一致。",
    "magic": "这不是密封信封（SBE1）文件。",
    "truncated": "密封信封不完整，文件被截断。",
    "length": "文件在密封过程中被修改。",
}


class BidRefused(CommandError):
    """The program cannot do what was asked; nothing was changed, what was typed is kept."""


class NotWhatWasPromised(BidRefused):
    """The platform showed something that does not verify; an honest platform never does."""


class Unsettled(BidRefused):
    """Nobody knows yet whether the platform has taken the act; asking again settles it."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code=3)


class Refused(Exception):
    """The platform said no.

    Attributes:
        problem: the RFC 9457 body.
    """

    def __init__(self, status: int, problem: dict[str, Any], where: str) -> None:
        super().__init__(f"{where}: {status} {problem.get('code', '')} {problem.get('detail', '')}")
        self.status = status
        self.problem = problem

    @property
    def code(self) -> str:
        """The problem's code."""
        return str(self.problem.get("code", ""))


def words_of(error: CryptoError | LogError) -> str:
    """Say a failed check in words, with its code for engineers."""
    return f"{WORDS.get(error.code, '检查没有通过。')}（{error.code}）"


def said_by_platform(refusal: Refused) -> str:
    """Return the platform's own words, field by field where it named fields."""
    told = [str(refusal.problem.get("detail") or f"平台没有接受（{refusal.status}）。")]
    told += [f"  {item.get('pointer', '')}：{item.get('detail', '')}" for item in refusal.problem.get("errors", [])]
    return "\n".join(told)
