"""The bids of a case: keyset, close list, deadline, submissions, sealed forms, releases, shares, the table read out.

The claim to check: every bid opened is the bid sealed before the deadline, and none is missing.

Source: `docs/spec/bundle.md`, "Bids".
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509

from bidding.envelope import EnvelopeError, Header, digest_envelope, open_envelope, parse_header
from bidding.envelope.format import bidder_commitment, core_hash, share_commitment
from bidding.keyset import check_keyset, keyset_hash
from bidding.messages import (
    CONSORTIUM,
    RELEASE,
    SHARE,
    SUBMISSION,
    TYPES,
    WITHDRAWAL,
    check_message,
    close_root,
    submission_digest,
)
from kernel.canonical import NotCanonical, b64u_decode, b64u_encode, parse, parse_time
from kernel.crypto import CryptoError, jws
from kernel.crypto.certificates import read_x5c, require_signing, uscc_of, verify_chain
from kernel.log import Checkpoint
from portal.bundle import MANIFEST
from portal.offline.consents import check_consents
from portal.offline.stamps import check_deadline_stamp
from portal.offline.state import SUITE, Case


@dataclass(slots=True)
class Bids:
    """What is known of a lot's bids.

    Attributes:
        close: pseudonym → row of the close list.
        docs: envelope id → (pseudonym, slot), from the submissions that count.
        envelopes: envelope id → (member, header), of those that were sealed in time.
    """

    case: Case
    keyset: Mapping[str, Any] | None = None
    ks: str = ""
    close: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    deadline: Checkpoint | None = None
    docs: dict[str, tuple[str, str]] = field(default_factory=dict)
    envelopes: dict[str, tuple[str, Header]] = field(default_factory=dict)


def check_bids(case: Case) -> None:
    """Check all that concerns bids."""
    bids = Bids(case)
    _keyset(bids)
    _close(bids)
    _submissions(bids)
    check_consents(case, lambda name: _attributed(bids, name, CONSORTIUM))
    _envelopes(bids)
    _messages(bids)
    _opening(bids)


def _keyset(bids: Bids) -> None:
    case = bids.case
    for member in case.bundle.of_kind("keyset"):
        where = case.where(member.name)

        def read(name: str = member.name) -> Mapping[str, Any]:
            keyset: Mapping[str, Any] = parse(case.bundle.read(name))
            check_keyset(keyset)
            return keyset

        keyset = case.report.attempt("keyset", where, "密钥组格式正确", read)
        if keyset is not None:
            bids.keyset, bids.ks = keyset, b64u_encode(keyset_hash(dict(keyset)))
            logged = any(row.detail == keyset for row in case.logged("keyset.published"))
            case.report.require(logged, "keyset-logged", where, "密钥组已入日志")


def _close(bids: Bids) -> None:
    case = bids.case
    members = case.bundle.of_kind("close")
    if not members:
        return
    where = case.where(members[0].name)
    rows = case.report.attempt(
        "close", where, "开标清单格式正确", lambda: _read_close(case.bundle.read(members[0].name))
    )
    if rows is None:
        return
    bids.close = {row["bidder"]: row for row in rows}
    entry = case.telling("bid.close", b64u_encode(close_root(SUITE, [dict(row) for row in rows])))
    if not case.report.require(entry is not None, "close-root", where, "开标清单的根已在截止时入日志") or entry is None:
        return
    later = [head for size, head in sorted(case.heads.items()) if size > entry.index]
    if not case.report.require(bool(later), "deadline", where, "截止检查点覆盖开标清单"):
        return
    bids.deadline = later[0]
    _deadline(bids, where)
    if entry.entry is not None:
        check_deadline_stamp(case, where, later[0], entry.entry.at)
    for row in rows:
        accepted = case.telling("bid.accepted", row["submission"])
        in_time = accepted is not None and accepted.index < bids.deadline.size
        text = f"投标 {row['bidder']} 第 {row['rev']} 版在截止检查点之前入日志"
        case.report.require(in_time, "bid-in-time", where, text, "" if in_time else "没有更早的受理条目")


def _deadline(bids: Bids, where: str) -> None:
    case, head = bids.case, bids.deadline
    if head is None or not head.cosignatures:
        case.report.failed("witness", where, "截止检查点没有见证人签名")
        return
    first = min(cosignature.time for cosignature in head.cosignatures)
    names = "、".join(cosignature.name for cosignature in head.cosignatures)
    told = f"截止检查点（长度 {head.size}）由 {names} 于 {first.isoformat()} 见证"
    if bids.keyset is None or first >= parse_time(bids.keyset["opens_at"]):
        case.report.held("deadline-witness", where, told)
    elif case.bundle.manifest["rehearsal"]:
        case.report.unchecked("deadline-time", where, told + "；演练时钟，不与开标时间比较")
    else:
        case.report.failed("deadline-time", where, told, "见证时间早于开标时间")


def _read_close(data: bytes) -> list[Mapping[str, Any]]:
    value = parse(data)
    if not isinstance(value, dict) or value.keys() != {"v", "type", "tender", "lot", "rows"}:
        raise NotCanonical("expected v, type, tender, lot, rows")
    rows = value["rows"]
    if not isinstance(rows, list) or not all(isinstance(r, dict) and r.keys() == _CLOSE_ROW for r in rows):
        raise NotCanonical("a row has bidder, rev and submission")
    if not all(isinstance(row["bidder"], str) for row in rows) or len({row["bidder"] for row in rows}) != len(rows):
        raise NotCanonical("a bidder is a text and stands in the list once")
    for row in rows:
        b64u_decode(row["submission"], 32)
    return rows


_CLOSE_ROW = {"bidder", "rev", "submission"}


def _submissions(bids: Bids) -> None:
    case, found = bids.case, set()
    for member in case.bundle.of_kind("submission"):
        message = _signed(bids, member.name, SUBMISSION, WITHDRAWAL)
        if message is None:
            continue
        digest, bidder = b64u_encode(submission_digest(SUITE, message)), message["bidder"]
        counted = bids.close.get(bidder, {}).get("submission") == digest
        if counted:
            found.add(bidder)
            bids.docs.update({doc["eid"]: (bidder, doc["slot"]) for doc in message["docs"]})
            ks = message["ks"] == bids.ks or not bids.ks
            case.report.require(ks, "submission-keyset", case.where(member.name), "递交书使用本标段的密钥组")
        logged = case.telling("bid.accepted", digest) or case.telling("bid.withdrawn", digest)
        text = f"递交书（{bidder} 第 {message['rev']} 版）已受理入日志" + ("，列入开标清单" if counted else "")
        case.report.require(logged is not None, "submission-logged", case.where(member.name), text)
    for bidder in sorted(set(bids.close) - found):
        case.report.failed("submission-missing", case.where(MANIFEST), f"案卷内没有 {bidder} 的递交书")


def _signed(bids: Bids, name: str, *kinds: str) -> dict[str, Any] | None:
    found = _attributed(bids, name, *kinds)
    return None if found is None else found[0]


def _attributed(bids: Bids, name: str, *kinds: str) -> tuple[dict[str, Any], str] | None:
    """A message with its signature checked against the certificate it carries, and that against the licence roots.

    Returns:
        The message and the signer's credit code, which is empty where the trust file has no licence roots.
    """
    case, where = bids.case, bids.case.where(name)

    def read() -> tuple[dict[str, Any], str]:
        token = case.bundle.read(name).decode("ascii", "replace")
        kind = _kind(token, *kinds)
        alg = SUITE.person_signature
        parts = jws.take_apart(token, TYPES[kind], alg, frozenset({"x5c"}))
        leaf, *others = read_x5c(parts.header["x5c"])
        message = check_message(jws.verify_parts(SUITE, parts, require_signing(leaf), alg), kind)
        if not case.trust.licence_roots:
            return message, ""
        roots = [x509.load_pem_x509_certificate(root.encode()) for root in case.trust.licence_roots]
        verify_chain(leaf, others, roots, parse_time(_instant(case, message)))
        return message, uscc_of(leaf)

    found = case.report.attempt("signature", where, "签名与证书链", read)
    if found is None:
        return None
    if found[1]:
        case.report.unchecked("revocation", where, f"签名人 {found[1]}；签名时的吊销状态须查吊销列表")
    else:
        case.report.unchecked("licence-roots", where, "信任文件没有执照根证书，签名人身份未核验")
    return found


def _shared(bids: Bids, name: str) -> dict[str, Any] | None:
    """A trustee's batch, signed with the key that the log has held since the trustee took the seat."""
    case, where = bids.case, bids.case.where(name)

    def read() -> dict[str, Any]:
        token = case.bundle.read(name).decode("ascii", "replace")
        parts = jws.take_apart(token, TYPES[SHARE], SUITE.person_signature, frozenset({"kid"}))
        seat = check_message(parse(parts.payload), SHARE)["i"]
        keys = [spki for i, spki in _seats(bids) if i == seat and SUITE.kid(spki) == parts.header["kid"]]
        if not keys:
            raise CryptoError("signer", "the log knows no such key of this trustee")
        payload = jws.verify_parts(SUITE, parts, SUITE.load_public(keys[0]), SUITE.person_signature)
        return check_message(payload, SHARE)

    return case.report.attempt("signature", where, "签名属于日志中受领该席位的见证人", read)


def _seats(bids: Bids) -> list[tuple[object, bytes]]:
    """Seat and signing key of each trustee, as logged when the seat was taken."""
    found = []
    for row in bids.case.logged("keyset.accepted"):
        facts = (row.detail or {}).get("facts")
        if isinstance(facts, Mapping) and facts.get("ks") == bids.ks and "signer" in facts:
            found.append((facts.get("i"), b64u_decode(facts["signer"])))
    return found


def _instant(case: Case, message: dict[str, Any]) -> str:
    """When the log says a message was taken; of messages it does not name, when the opening was logged."""
    if message["type"] in (SUBMISSION, WITHDRAWAL):
        row = case.telling(None, b64u_encode(submission_digest(SUITE, message)))
    else:
        row = next(iter(case.logged("bid.opened")), None)
    return row.entry.at if row and row.entry else str(case.bundle.manifest["made_at"])


def _kind(token: str, *kinds: str) -> str:
    for kind in kinds[1:]:
        try:
            jws.take_apart(token, TYPES[kind], SUITE.person_signature, frozenset({"x5c"}))
            return kind
        except CryptoError:
            continue
    return kinds[0]


def _envelopes(bids: Bids) -> None:
    case = bids.case
    for member in case.bundle.of_kind("envelope"):
        where = case.where(member.name)

        def read(name: str = member.name) -> tuple[str, Header]:
            data = case.bundle.read(name)
            header = parse_header(io.BytesIO(data))
            return b64u_encode(digest_envelope(io.BytesIO(data))), header

        found = case.report.attempt("envelope", where, "密封信封格式正确，编号已重算", read)
        if found is None:
            continue
        eid, header = found
        core = header["core"]
        expected = bids.docs.get(eid) == (core["bidder"], core["slot"])
        if case.report.require(expected, "envelope-sealed", where, "信封就是截止前递交书所列的那一个"):
            bids.envelopes[eid] = (member.name, header)
        if bids.ks:
            case.report.require(core["ks"] == bids.ks, "envelope-keyset", where, "信封使用本标段的密钥组")


def _messages(bids: Bids) -> None:
    """What bidders and trustees released matches what the envelopes commit to."""
    case = bids.case
    for member in case.bundle.of_kind("release", "share"):
        message = _signed(bids, member.name, RELEASE) if member.kind == "release" else _shared(bids, member.name)
        if message is None:
            continue
        items = message["secrets"] if member.kind == "release" else message["shares"]
        for item in items:
            if item["eid"] not in bids.envelopes:
                continue
            header = bids.envelopes[item["eid"]][1]
            digest = core_hash(SUITE, header["core"])
            if member.kind == "release":
                held = b64u_encode(bidder_commitment(SUITE, digest, b64u_decode(item["secret"]))) == header.get("sbc")
            else:
                made = share_commitment(SUITE, digest, message["i"], b64u_decode(item["share"]))
                listed = [stanza["sc"] for stanza in header.get("tk", ()) if stanza["i"] == message["i"]]
                held = listed == [b64u_encode(made)]
            code = "bidder-secret" if member.kind == "release" else "share-commit"
            case.report.require(held, code, case.where(member.name), f"与信封 {item['eid'][:8]}… 的承诺一致")


def _opening(bids: Bids) -> None:
    case = bids.case
    members = case.bundle.of_kind("opening")
    if not members:
        return
    where, data = case.where(members[0].name), case.bundle.read(members[0].name)
    rows = case.report.attempt("opening", where, "唱标表格式正确", lambda: _read_opening(data))
    if rows is None:
        return
    digest = SUITE.hash(data)
    logged = case.telling("bid.opened", digest.hex(), b64u_encode(digest))
    case.report.require(logged is not None, "opening-logged", where, "唱标表的摘要已入日志")
    if logged is not None and bids.deadline is not None:
        # A later checkpoint in the place of the deadline checkpoint would make room for a bid slipped in afterwards.
        same = (logged.detail or {}).get("deadline_size") == bids.deadline.size
        case.report.require(same, "deadline-checkpoint", where, "截止检查点就是开标时入日志的那一个")
    if bids.close:
        same = sorted(bids.close) == sorted(row["bidder"] for row in rows)
        case.report.require(same, "bid-missing", where, "唱标表与开标清单的投标人一一对应")
    sealed = {bids.docs[eid][0]: name for eid, (name, _) in bids.envelopes.items() if bids.docs[eid][1] == "form"}
    for row in rows:
        _form(bids, where, row, sealed.get(row["bidder"]))
    keys = {row["fk"] is None for row in rows if row["form"] is not None}
    if len(keys) > 1:
        case.report.failed("form-keys", where, "只公布了一部分表单密钥：要么全部公布，要么都不公布")


def _form(bids: Bids, where: str, row: Mapping[str, Any], name: str | None) -> None:
    case, bidder = bids.case, row["bidder"]
    if row["form"] is None:
        case.report.unchecked("form", where, f"{bidder}：未开启（{row['outcome']}）")
        return
    if row["fk"] is None:
        case.report.unchecked("form", where, f"{bidder}：没有公布表单密钥，报价无法从密文重算")
        return
    if name is None:
        case.report.failed("envelope-missing", where, f"{bidder}：案卷内没有截止前封好的那个信封")
        return

    def work() -> None:
        plain = io.BytesIO()
        open_envelope(io.BytesIO(case.bundle.read(name)), b64u_decode(row["fk"], 32), plain)
        if parse(plain.getvalue()) != row["form"]:
            raise EnvelopeError("form-mismatch", "the sealed form says something else")

    case.report.attempt("form", where, f"{bidder}：由密文和公布的密钥重算出所唱报价", work)


def _read_opening(data: bytes) -> list[Mapping[str, Any]]:
    value = parse(data)
    if not isinstance(value, dict) or value.keys() != {"v", "type", "tender", "lot", "rows"}:
        raise NotCanonical("expected v, type, tender, lot, rows")
    rows = value["rows"]
    if not isinstance(rows, list) or not all(isinstance(r, dict) and r.keys() == _OPENING_ROW for r in rows):
        raise NotCanonical("a row has bidder, fk, form, name, no and outcome")
    if not all(isinstance(row["bidder"], str) for row in rows):
        raise NotCanonical("a bidder is a text")
    return rows


_OPENING_ROW = {"no", "bidder", "name", "outcome", "form", "fk"}
