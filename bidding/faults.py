"""Why a bid was not opened, in words: the cause, whose it is, and what follows by law (R-ET-07).

Law: 电子招标投标办法 31. Not opened through the bidder's fault, a bid counts as revoked; through anybody else's, as
withdrawn, and the bidder may claim the loss from whoever answers for it. The others are opened all the same.
"""

from typing import Final

from bidding.vocabulary import BidState

#: What follows, by the state of the bid.
CONSEQUENCES: Final = {
    BidState.UNRELEASED: "因投标人原因未解密，视为撤销投标文件",
    BidState.FAULT_BIDDER: "因投标人原因未能解密，视为撤销投标文件",
    BidState.FAULT_PLATFORM: "因投标人之外的原因未能解密，视为撤回投标文件，投标人有权要求责任方赔偿直接损失",
}
#: Causes by the code that the log holds.
_CAUSES: Final = {
    "stored-bytes": "平台保存的密文与递交时入账的指纹不一致",
    "share-count": "见证人提交的密钥分片不足，无法合成文件密钥",
    "key-commit": "投标人与见证人的密钥合成后，与投标人密封时的承诺不一致",
    "bidder-secret": "投标人释放的密钥与密封时的承诺不一致",
    "share-commit": "投标人密封时给见证人的分片与承诺不一致",
    "chunk-auth": "密文与递交时入账的指纹一致，但用正确的密钥不能解开，密封时已经出错",
    "padding": "密文可以解开，但密封格式不符合规定",
    "length": "密文可以解开，但内容长度与密封时所写不一致",
    "truncated": "密文在密封时已经不完整",
}


def cause_of(state: BidState, code: str) -> str:
    """Return why a bid was not opened; empty for one that was.

    Args:
        code: of the fault, as the log holds it; empty for a bid whose bidder released nothing.
    """
    if state not in CONSEQUENCES:
        return ""
    if state is BidState.UNRELEASED:
        return "投标人在规定的解密时间内没有释放密钥"
    if code == "letter-price":
        return "第一信封的投标函中出现了报价"
    if code.startswith(("form-", "letter-")):
        return f"投标函已解开，但内容不符合规定的格式（{code.partition('-')[2]}）"
    return _CAUSES.get(code, f"密文不符合密封格式（{code}）")


def sealed_as_received(state: BidState, code: str) -> bool | None:
    """Say whether what lay in the store was what the receipt names; None if the bid was never so far as to be compared.

    A bid is opened, or laid to its bidder's charge, only after its envelope was compared with the logged digest.
    """
    if state is BidState.OPENED:
        return True
    if code == "stored-bytes":
        return False
    return True if state is BidState.FAULT_BIDDER and code not in ("key-commit", "share-commit") else None
