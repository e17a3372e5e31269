"""The acts of `sunlit bid`, each from what the person said to what the person is told.

Each can be run again: what was done stays done, what was interrupted goes on.
"""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bidding.keyfile import LicenceFile
from bidding.messages import SUBMISSION, submission_digest
from kernel.canonical import NotCanonical, b64u_decode, b64u_encode, parse, parse_time
from kernel.crypto import suite
from kernel.crypto.keys import KeyKind, PrivateKey, generate
from kernel.crypto.protected import load_protected, protect_private
from kernel.log import LogError, Trust, VerifiedReceipt, verify_receipt
from kernel.log.receipt import platform_message
from kernel.log.trust import read_trust
from portal.bidder import preparing, releasing, submitting
from portal.bidder.drafts import read_contents
from portal.bidder.folder import BID_KEY, FORM_DRAFT, README, TRUST, BidFolder, Terms
from portal.bidder.http import Visitor
from portal.bidder.meter import Meter
from portal.bidder.refusals import BidRefused, Refused, said_by_platform, words_of
from portal.bidder.sealing import seal_contents, sealed_documents
from portal.bidder.signing_in import sign_in
from portal.bidder.uploading import upload_documents
from portal.errors import plain

__all__ = ["BID_KEY", "prepare", "release", "require_sealable", "seal", "show_receipts", "submit", "withdraw"]

SUITE = suite("intl-1")
_SHANGHAI = ZoneInfo("Asia/Shanghai")
_REJECTION = "otp-rejection+jws"
_POLL_S = 2.0
Ask = Callable[[str], bool]


async def prepare(
    visitor: Visitor,
    site: str,
    lot_id: str,
    folder: BidFolder,
    licence: LicenceFile,
    own_trust: bytes | None,
    passphrase: str,
) -> int:
    """Fetch and prove, take part, then write the folder; say what the bidder must bring."""
    fetched = await preparing.fetch(visitor, lot_id, own_trust)
    await sign_in(visitor, licence, site)
    terms = preparing.terms_of(site, fetched, licence, await preparing.take_part(visitor, lot_id))
    preparing.write_prepared(folder, fetched, terms)
    if not folder.has(BID_KEY):
        folder.write(BID_KEY, await asyncio.to_thread(protect_private, generate(KeyKind.P256), passphrase))
    print(f"公告 {len(fetched.notices)} 份、密钥集及其账本证明已核验：平台签名、见证签名、收录证明。")
    if own_trust is None:
        print(f"信任文件来自平台本身，摘要 {fetched.trust.digest.hex()}；请与公报等独立渠道核对。")
    print(f"已登记参加，投标代号 {plain(terms.bidder)}。")
    print(f"请阅读 {folder / README}，填写 {folder / FORM_DRAFT}，然后运行：./sunlit bid seal {folder.path}")
    return 0


def require_sealable(folder: BidFolder) -> None:
    """Refuse to seal while the answer to a signed message is out.

    Raises:
        BidRefused: the folder is not prepared, or nobody knows yet what became of the last submission.
    """
    preparing.require_joined(folder.terms())
    if folder.is_pending(folder.latest + 1):
        raise BidRefused(
            f"上一次签名的递交结果尚未确定，不能重新密封：请先运行 ./sunlit bid submit {folder.path} 查询结果。"
        )


def seal(folder: BidFolder, passphrase: str) -> int:
    """Check the draft, seal, and test the opening file; no network is touched."""
    terms, number = folder.terms(), folder.latest + 1
    contents = read_contents(folder, terms, number)
    key = bid_key(folder, passphrase)
    total = sum(content.file.stat().st_size for content in contents)
    with Meter("密封", total) as meter:
        docs = seal_contents(folder, number, terms, key, passphrase, contents, meter.advance)
    print(f"第 {number} 号投标文件已在本机密封，开标文件已重新打开核验：{folder / f'{number}.sbk'}")
    print("请把开标文件复制到另一介质：没有它和口令，您的投标文件无法打开。")
    for doc in docs:
        print(f"  {doc['slot']}  {doc['bytes']} 字节  封装编号 {doc['eid']}")
    print(f"现在还没有递交。截止前运行：./sunlit bid submit {folder.path}")
    return 0


def bid_key(folder: BidFolder, passphrase: str) -> PrivateKey:
    """Open the bid key; raises `KeyRefused` for a wrong passphrase."""
    return load_protected(folder.read(BID_KEY), passphrase)


async def submit(visitor: Visitor, folder: BidFolder, terms: Terms, licence: LicenceFile, replaces: Ask) -> int:
    """Settle what is open from before; otherwise upload, sign, send, and verify the receipt."""
    trust = folder.trust()
    await sign_in(visitor, licence, terms.site)
    settled = await _with_rejection(folder, trust, submitting.settle(visitor, folder, trust))
    if settled is not None:
        print("上一次签名的递交平台已受理：")
        return _tell(settled, folder)
    standing = await submitting.ask_standing(visitor, folder, terms)
    number = folder.latest + 1
    docs = sealed_documents(folder, number, terms)
    if submitting.follows_elsewhere(folder, standing) and not replaces(
        plain(f"平台上已有您在别处递交的第 {standing.rev} 次，本次递交将替换它。继续吗？")
    ):
        print("没有递交。")
        return 1
    with Meter("上传密文", sum(doc["bytes"] for doc in docs)) as meter:
        await upload_documents(visitor, terms.lot_id, folder, number, docs, meter.advance)
    print("全部密文已上传，正在签名递交……")
    delivery = submitting.submit(visitor, folder, terms, licence, trust, standing)
    receipt = await _with_rejection(folder, trust, delivery)
    assert receipt is not None
    return _tell(receipt, folder)


async def withdraw(visitor: Visitor, folder: BidFolder, terms: Terms, licence: LicenceFile, sure: Ask) -> int:
    """Withdraw after a confirmation; a lost answer is settled by running it again."""
    trust = folder.trust()
    await sign_in(visitor, licence, terms.site)
    settled = await _with_rejection(folder, trust, submitting.settle(visitor, folder, trust))
    if settled is not None:
        _tell(settled, folder)
        if settled.detail["type"] == "bid.withdrawn":
            return 0
    standing = await submitting.ask_standing(visitor, folder, terms)
    if standing.state == "sealed" and not sure(
        plain(f"撤回第 {standing.rev} 次递交的投标文件吗？撤回后您没有有效的投标。")
    ):
        print("没有撤回。")
        return 1
    delivery = submitting.withdraw(visitor, folder, terms, licence, trust, standing)
    receipt = await _with_rejection(folder, trust, delivery)
    assert receipt is not None
    return _tell(receipt, folder)


async def release(
    visitor: Visitor, folder: BidFolder, terms: Terms, licence: LicenceFile, passphrase: str, wait_s: float
) -> int:
    """Wait for the close list, check the own place in it, give the secrets."""
    kept = await asyncio.to_thread(releasing.open_kept, folder, passphrase)
    await sign_in(visitor, licence, terms.site)
    until = asyncio.get_running_loop().time() + wait_s
    while (close := await releasing.find_close_list(visitor, terms.lot_id)) is None:
        if await releasing.has_failed(visitor, terms.lot_id):
            raise BidRefused("本标段未能开标，投标文件保持密封，不需要解密；密钥没有送出。")
        if asyncio.get_running_loop().time() >= until:
            raise BidRefused("还没有封存清单：投标尚未截止，或者您没有截止时有效的投标。密钥没有送出。")
        await asyncio.sleep(_POLL_S)
    await releasing.release(visitor, folder, terms, licence, folder.trust(), kept, close)
    print("已核对：您的投标在封存清单之内，清单已入公开账本，平台保存的封装与您递交的一致。")
    print("解密密钥已送达，平台核对一致。见证人释放分片后，全部投标文件同时打开。")
    return 0


def show_receipts(place: Path, trust_bytes: bytes | None) -> int:
    """Verify receipts of a folder, or one file, without a network, and show them.

    Raises:
        BidRefused: there is none, or one does not hold.
    """
    folder = BidFolder(place if place.is_dir() else place.parent)
    trust = folder.trust() if trust_bytes is None else _trust(trust_bytes)
    files = [place] if place.is_file() else sorted(place.glob("*-receipt.json"), key=_number)
    if not files:
        raise BidRefused(f"{place} 中没有回执。")
    for file in files:
        _tell(_verified(file, trust), BidFolder(file.parent), _number(file))
    if trust_bytes is None:
        print(f"核验所用的信任文件：{folder / TRUST}（摘要 {trust.digest.hex()}，请与公报等独立渠道核对）")
    return 0


def _number(file: Path) -> int:
    head = file.name.split("-")[0]
    return int(head) if head.isascii() and head.isdigit() else 0


def _verified(file: Path, trust: Trust) -> VerifiedReceipt:
    try:
        bundle = parse(file.read_bytes())
        if not isinstance(bundle, Mapping):
            raise NotCanonical("a receipt is an object")
        return verify_receipt(bundle, trust)
    except (OSError, NotCanonical):
        raise BidRefused(f"{file} 不是回执文件，或已被改动。") from None
    except LogError as refusal:
        raise BidRefused(f"{file} 核验不通过：{words_of(refusal)}") from None


def _trust(data: bytes) -> Trust:
    try:
        return read_trust(data)
    except LogError as refusal:
        raise BidRefused(words_of(refusal)) from None


async def _with_rejection(folder: BidFolder, trust: Trust, delivery: Any) -> VerifiedReceipt | None:
    """Await a delivery; a refusal is told with the platform's signed reason, where that was kept."""
    try:
        receipt: VerifiedReceipt | None = await delivery
    except Refused as refusal:
        file = f"{folder.latest + 1}-rejection.jws"
        if "rejection" not in refusal.problem or not folder.has(file):
            raise
        detail = _rejection(folder.read(file), trust)
        raise BidRefused(
            f"{said_by_platform(refusal)}\n平台签名的拒收凭证已存为 {folder / file}（{detail}）。"
            "此前有效的递交不受影响。"
        ) from None
    return receipt


def _rejection(token: bytes, trust: Trust) -> str:
    try:
        told = platform_message(token.decode("ascii", "replace"), trust, _REJECTION)
    except LogError as refusal:
        return f"签名核验不通过：{words_of(refusal)}"
    return f"原因 {told.get('reason')}，{_moment(told.get('received_at'))}，签名已核验"


def _tell(receipt: VerifiedReceipt, folder: BidFolder, number: int | None = None) -> int:
    detail = receipt.detail
    number = folder.latest if number is None else number
    words = "撤回通知已受理" if detail["type"] == "bid.withdrawn" else "投标文件递交成功"
    print(plain(f"{words}：第 {detail['rev']} 次，{_moment(detail['received_at'])}（北京时间）"))
    print(plain(f"  项目 {detail['tender']} 标段 {detail['lot']}，投标代号 {detail['bidder']}"))
    print(plain(f"  递交指纹 {detail['submission']}"))
    witnesses = "、".join(item.name for item in receipt.checkpoint.cosignatures)
    head = f"检查点（长度 {receipt.checkpoint.size}，见证 {witnesses}）"
    print(plain(f"  回执核验成立：平台签名、日志条目 {receipt.index}、{head}"))
    own = submitting.own_message(folder, number)
    if own is not None:
        if b64u_encode(submission_digest(SUITE, own)) != detail["submission"]:
            raise BidRefused("回执与文件夹里签名的递交书不一致。")
        _tell_documents(folder, number, own)
    return 0


def _tell_documents(folder: BidFolder, number: int, own: dict[str, Any]) -> None:
    if own["type"] != SUBMISSION:
        return
    for doc in own["docs"]:
        kept = folder / f"{number}-{doc['slot']}.sbe"
        state = "本机密文在" if kept.is_file() else "本机没有密文"
        print(f"  {doc['slot']}  {doc['bytes']} 字节  封装编号 {b64u_encode(b64u_decode(doc['eid']))}（{state}）")


def _moment(text: object) -> str:
    try:
        return f"{parse_time(text).astimezone(_SHANGHAI):%Y-%m-%d %H:%M:%S}"
    except NotCanonical:
        return "时间不明"
