"""Preparing: what a bid is sealed for, fetched through the public API and proved before anything is written.

A platform that shows one bidder other trustees than everybody else would have to show them to the whole log, whose
head the witnesses have cosigned. The keys to check that with come from the trust file; whoever has it from the gazette
gives it, otherwise its digest is shown to be compared.

Source: crypto.md §3.5 step 1; R-ET-04 (20号令 26).
"""

from dataclasses import dataclass
from typing import Any

from bidding.drafting import FIELDS, hint, template
from bidding.keyfile import LicenceFile
from bidding.keyset import Keyset, KeysetError, check_keyset, keyset_hash
from bidding.parts import steps_of_keyset
from bidding.proofs import KEYSET, log_file, require_logged
from bidding.vocabulary import FORMS, MAX_FILE_BYTES
from kernel.canonical import NotCanonical, b64u_decode, b64u_encode, jcs
from kernel.crypto import suite
from kernel.crypto.keys import public_of
from kernel.log import LogError, Trust
from kernel.log.trust import read_trust
from kernel.parameters.articles import cite
from portal.bidder.folder import FORM_DRAFT, NOTICE, README, TERMS, TRUST, BidFolder, Terms
from portal.bidder.http import Visitor
from portal.bidder.refusals import BidRefused, NotWhatWasPromised, words_of
from portal.errors import plain

SUITE = suite("intl-1")
#: What belongs into each file of a bid.
_FILES = {
    "file": "投标文件的路径",
    "business": "商务文件的路径（第一信封，不得出现报价）",
    "technical": "技术文件的路径（第一信封，不得出现报价）",
    "commercial": "报价文件的路径（第二信封）",
}


def file_slots(keyset: Keyset) -> tuple[str, ...]:
    """Return the parts of a bid that are files."""
    return tuple(name for step in steps_of_keyset(keyset) for name in step if name not in FORMS)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What the platform published of a lot, all of it proved.

    Attributes:
        notices: (content, proof file), newest first.
    """

    lot: dict[str, Any]
    keyset: Keyset
    keyset_proof: dict[str, Any]
    notices: tuple[tuple[dict[str, Any], dict[str, Any]], ...]
    trust: Trust
    trust_bytes: bytes


async def fetch(visitor: Visitor, lot_id: str, own_trust: bytes | None = None) -> Fetched:
    """Fetch a lot with its notice and keyset, and prove them.

    Args:
        own_trust: a trust file from elsewhere; the platform's must then be the same.

    Raises:
        Refused: there is no such lot. NotWhatWasPromised: something does not hold; nothing should be sealed.
    """
    raw = await visitor.raw("/api/v1/trust")
    try:
        trust = read_trust(raw)
        if own_trust is not None and read_trust(own_trust).digest != trust.digest:
            raise NotWhatWasPromised("平台的信任文件与您另行取得的不一致：请勿继续，并联系监督部门。")
        lot = await visitor.get(f"/api/v1/lots/{lot_id}")
        told = await visitor.get(f"/api/v1/lots/{lot_id}/keyset")
        keyset = checked_keyset(told, trust)
        _require(lot["keyset"] == told["ks"], "标段公布的密钥集指纹与密钥集不一致")
        _require((keyset["tender"], keyset["lot"]) == (lot["tender"], lot["number"]), "密钥集是为另一标段公布的")
        notices = [await _notice(visitor, row, trust) for row in await _notice_rows(visitor, lot)]
        _require(bool(notices), "平台没有给出本标段的公告")
    except LogError as refusal:
        raise NotWhatWasPromised(f"请勿继续：{words_of(refusal)}") from None
    return Fetched(lot, keyset, told["proof"], tuple(notices), trust, raw)


def checked_keyset(told: dict[str, Any], trust: Trust) -> Keyset:
    """Check a keyset as the platform tells it: well formed, of its digest, and in the log.

    Raises:
        NotWhatWasPromised: it is not; nothing may be sealed to it.
    """
    keyset = told.get("keyset")
    try:
        check_keyset(keyset)
        assert isinstance(keyset, dict)
        _require(keyset_hash(keyset) == b64u_decode(told.get("ks")), "密钥集与它的指纹不一致")
        require_logged(keyset, told.get("proof"), trust, KEYSET)
    except (KeysetError, NotCanonical) as refusal:
        raise NotWhatWasPromised(f"平台给出的密钥集格式不正确（{refusal}）：请勿继续。") from None
    except LogError as refusal:
        raise NotWhatWasPromised(
            f"开标密钥集没有得到公开账本的证明：{words_of(refusal)}没有密封，投标文件没有离开本机。"
        ) from None
    return keyset


async def _notice_rows(visitor: Visitor, lot: dict[str, Any]) -> list[dict[str, Any]]:
    found = await visitor.get("/api/v1/notices", q=lot["tender"], most=100)
    return [row for row in found["items"] if row["lot_id"] == lot["id"]]


async def _notice(visitor: Visitor, row: dict[str, Any], trust: Trust) -> tuple[dict[str, Any], dict[str, Any]]:
    content = (await visitor.get(f"/api/v1/notices/{row['id']}"))["content"]
    told = await visitor.get(f"/api/v1/notices/{row['id']}/proof")
    detail = told["detail"]
    proof = {name: told[name] for name in ("entry", "index", "size", "path", "checkpoint")}
    require_logged(detail, proof, trust)
    digest = b64u_encode(SUITE.hash(jcs(content)))
    _require(detail.get("facts", {}).get("sha256") == digest, "公告内容与账本中的指纹不一致")
    return content, told


def _require(held: bool, words: str) -> None:
    if not held:
        raise NotWhatWasPromised(f"{words}：请勿继续，并联系平台。")


async def take_part(visitor: Visitor, lot_id: str) -> str:
    """Take part in the lot and return the pseudonym; the answer is the same every time."""
    return str((await visitor.post(f"/api/v1/lots/{lot_id}/interest"))["bidder"])


def terms_of(site: str, fetched: Fetched, licence: LicenceFile | None, bidder: str) -> Terms:
    """Put together what a bid is sealed for."""
    lot = fetched.lot
    cap = lot["price_cap"]
    return Terms(
        site=site,
        lot_id=lot["id"],
        title=lot["title"],
        keyset=fetched.keyset,
        deadline=lot["deadline"] or "",
        cap_fen=None if cap is None else int(str(cap["amount"]).replace(".", "")),
        bidder=bidder,
        bidder_name="" if licence is None else licence.name,
        uscc="" if licence is None else licence.uscc,
        licence=None if licence is None else public_of(licence.encrypt[0].public_key()),
    )


def write_prepared(folder: BidFolder, fetched: Fetched, terms: Terms) -> None:
    """Write terms, evidence, the template and the leaflet; what the bidder has filled in stays."""
    folder.write(TRUST, fetched.trust_bytes)
    folder.write("evidence/keyset.json", log_file(fetched.keyset, fetched.keyset_proof))
    for turn, (content, proof) in enumerate(fetched.notices):
        name = "notice" if turn == 0 else f"notice-{content['version']}-{turn}"
        folder.write(f"evidence/{name}.json", proof)
        folder.write(NOTICE if turn == 0 else f"{name}.json", content)
    folder.write(TERMS, terms.as_json())
    if not folder.has(FORM_DRAFT):
        folder.write(FORM_DRAFT, template(file_slots(fetched.keyset)))
    folder.write(README, leaflet(fetched, terms).encode())


def leaflet(fetched: Fetched, terms: Terms) -> str:
    """Write what the bidder must bring, what to fill in, and what a bid would be refused or rejected for."""
    lot, keyset = fetched.lot, fetched.keyset
    lines = [
        f"{lot['project_title']}　{lot['title']}　标段 {lot['number']}（项目编号 {lot['tender']}）",
        f"投标截止：{lot['deadline']}（UTC）　以平台收到全部密文和签名并签发回执的时间为准",
        f"开标：{keyset['opens_at']}（UTC）　投标人解密时限 {keyset['window_s'] // 60} 分钟",
        _policy_words(keyset),
        f"信任文件摘要：{fetched.trust.digest.hex()}（请与公报等独立渠道核对）",
        "",
        "一、您需要准备",
        f"  1. 电子营业执照文件（.lic）及口令：递交和开标解密时签名用{'' if terms.bidder else '；登记参加时也要用'}",
        "  2. 一个口令：保护开标文件（.sbk），密封时设定，开标时再用；忘记口令就无法解密",
        f"  3. 投标文件：PDF、XLSX、DOCX 或 ZIP，一个文件，不超过 {MAX_FILE_BYTES >> 20} MiB，不设口令",
        "  4. 另一个介质（U 盘等）：存放开标文件（.sbk）的备份",
        "",
        f"二、请填写 {FORM_DRAFT}",
        *(
            f"  {field.name}　{field.label}{'' if field.required else '（选填）'}：{hint(field, terms.cap_fen)}"
            for field in FIELDS
        ),
        *(f"  {name}　{_FILES.get(name, '文件的路径')}，可以相对于本文件夹" for name in file_slots(keyset)),
        "",
        "三、有下列情形的，投标将被拒收或者否决",
        *(f"  □ {words}（{cite(basis)}）" for words, basis in _grounds(lot)),
        "",
        *(evidence := _evidence(lot)),
        f"{'五' if evidence else '四'}、步骤",
        "  ./sunlit bid seal 本文件夹　　　不需要网络",
        "  ./sunlit bid submit 本文件夹　　上传、签名、取得并核验回执；中断后再次运行即可继续",
        "  ./sunlit bid release 本文件夹　 开标时限内运行",
        "",
    ]
    return plain("\n".join(lines))  # it is read at a terminal as well


def _evidence(lot: dict[str, Any]) -> list[str]:
    """Tell what the criteria ask as evidence; nothing where they ask for none."""
    asked = [item for item in lot["criteria"] if item.get("evidence")]
    lines = [f"  □ {item['evidence']}（{item['name']}，{item['max']} 分）" for item in asked]
    return ["四、评审因素要求的证明材料，没有附的，该项可能不得分", *lines, ""] if lines else []


def _policy_words(keyset: Keyset) -> str:
    n, k = len(keyset["trustees"]), keyset["k"]
    return {
        "both": f"打开投标文件：须您本人和 {n} 名见证人中的 {k} 名共同参与",
        "either": f"打开投标文件：您本人，或者 {n} 名见证人中的 {k} 名",
        "trustees": f"打开投标文件：{n} 名见证人中的 {k} 名",
        "bidder": "打开投标文件：您本人",
    }[keyset["policy"]]


def _grounds(lot: dict[str, Any]) -> list[tuple[str, str]]:
    """Why a bid would be refused at receipt or rejected, each with its article."""
    grounds = [
        ("未按要求加密", "20号令26"),
        ("截止时没有完成上传和签名递交", "20号令27"),
        ("开标时因投标人原因没有解密，视为撤销", "20号令31"),
    ]
    if lot["price_cap"] is not None:
        grounds.append((f"报价超过最高投标限价 {lot['price_cap']['amount']} 元", "条例51"))
    grounds += [(f"不满足：{item['name']}", item["article"] or "条例51") for item in lot["review_items"]]
    return grounds


def require_joined(terms: Terms) -> None:
    """Refuse to go on without a pseudonym.

    Raises:
        BidRefused: the company does not take part yet.
    """
    if not terms.bidder:
        raise BidRefused("还没有登记参加本标段：请加上 --wallet 指出执照所在目录，重新运行 bid prepare。")
