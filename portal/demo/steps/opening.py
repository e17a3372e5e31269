"""Scene: the deadline, a bid that comes a second late, releases, shares, prices read out, the record."""

import asyncio
import io
from typing import Any

from bidding import envelope
from bidding.client import share_all
from bidding.keyset import keyset_hash
from bidding.messages import TYPES, close_root, submission_digest
from bidding.proofs import SUITE, holds
from kernel.canonical import b64u_decode, b64u_encode, parse, parse_time
from kernel.clock import SHANGHAI
from kernel.crypto import jws
from kernel.log.trust import read_trust
from portal.bidder.refusals import NotWhatWasPromised
from portal.demo.client import HttpPerson, Refused
from portal.demo.company import Company
from portal.demo.stage import Stage


async def play(stage: Stage) -> None:
    """Play from the deadline to the confirmed record; leaves the table in `stage.found["opening"]`."""
    companies: list[Company] = stage.found["companies"]
    here = [company for company in companies if company.case["part"] == "submits"]
    await _attend(stage, here)
    await _close(stage, companies)
    await _release(stage, [company for company in companies if company.case["part"] not in ("late", "withdraws")])
    await _share(stage)
    await _read_out(stage)
    await _record(stage, here)


async def _attend(stage: Stage, companies: list[Company]) -> None:
    stage.scene("签到")
    agency = stage.person("agency")
    await agency.post(f"/api/v1/lots/{stage.found['lot']}/opening/presence", {})
    entry = await stage.entry("opening.attended")
    await stage.say(agency.name, "在开标大厅签到", rule="R-ET-06", entry=entry)
    for company in companies[:2]:
        await company.attend()
    await stage.say("投标人", "在开标大厅签到；唱标前只有本单位自己看得到", rule="R-ET-05")


async def _close(stage: Stage, companies: list[Company]) -> None:
    stage.scene("投标截止")
    late = next((company for company in companies if company.case["part"] == "late"), None)
    await stage.clock_to(stage.case["dates"]["opening"])
    if late is not None:
        await asyncio.sleep(1)
        await _late(stage, late)
    entry = await stage.entry("bid.close")
    await stage.say("平台", "截止清单的根已公布，清单在开标时公布", rule="R-ET-05", entry=entry)


async def _late(stage: Stage, company: Company) -> None:
    try:
        await company.submit()
    except Refused as refusal:
        if refusal.problem.get("reason") != "late":
            raise
        signed = refusal.problem["rejection"]
        company.person.keep("rejection.jws", signed.encode())
        trusted = read_trust(await company.person.get("/api/v1/trust"))
        key = next(key for key in trusted.platform_keys)
        detail = jws.verify(SUITE, signed, "otp-rejection+jws", key.key, "EdDSA", frozenset({"kid"}))
        received = f"{parse_time(str(detail['received_at'])).astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
        await stage.say(company.name, f"迟到递交被拒收，平台签名载明原因与时间 {received}", rule="R-ET-05")
    else:
        raise AssertionError("a late bid was accepted")


async def _release(stage: Stage, companies: list[Company]) -> None:
    stage.scene("投标人解密")
    for company in companies:
        await company.release()
        await stage.say(company.name, "核对自己在截止清单内后，提交解密密钥", rule="R-ET-06")
    await stage.clock_to(stage.case["dates"]["window_over"])


async def _share(stage: Stage) -> None:
    stage.scene("见证人解密")
    visitor, lot = stage.person("visitor", "公众"), stage.found["lot"]

    async def over() -> bool:
        return (await visitor.get(f"/api/v1/lots/{lot}/opening"))["stage"] not in ("sealed", "closed", "releasing")

    # A trustee who asks before the window is over has used the key too early, and supervision is told.
    await stage.wait_until(over, what="解密时限结束")
    k = stage.case["inventions"]["procedure"]["k"]
    for key in stage.found["trustees"][:k]:
        person = stage.person(key)
        await _share_one(stage, person)
        entry = await stage.entry("bid.share")
        await stage.say(person.name, "核对截止检查点、解密时限与全部信封后，提交密钥分片", rule="R-ET-06", entry=entry)


async def _share_one(stage: Stage, person: HttpPerson) -> None:
    """Verify everything a careful trustee verifies, then post the batch."""
    trusted = read_trust(await person.get("/api/v1/trust"))

    async def headers() -> Any:
        try:
            return await person.get(f"/api/v1/lots/{stage.found['lot']}/headers")
        except Refused as refusal:
            if refusal.status not in (404, 409):
                raise
            return None  # the platform is ending the window

    given = await stage.wait_until(headers, what="解密时限结束")
    keyset, close, window = given["keyset"], given["close"], given["window_closed"]
    if b64u_encode(keyset_hash(keyset)) != given["ks"]:
        raise NotWhatWasPromised("the keyset is not what its digest says")
    if not holds(close["detail"], close["proof"], trusted) or not holds(window["detail"], window["proof"], trusted):
        raise NotWhatWasPromised("close or window are not in the log")
    if close_root(SUITE, given["close_list"]) != b64u_decode(close["detail"]["root"]):
        raise NotWhatWasPromised("the close list has another root")
    listed = {row["submission"] for row in given["close_list"]}
    eids: set[str] = set()
    for message in given["submissions"]:
        if b64u_encode(submission_digest(SUITE, message)) not in listed:
            raise NotWhatWasPromised("a submission is not in the close list")
        eids.update(doc["eid"] for doc in message["docs"])
    envelopes = []
    for row in given["headers"]:
        if row["eid"] not in eids:
            raise NotWhatWasPromised("an envelope belongs to no listed submission")
        envelopes.append((b64u_decode(row["eid"]), envelope.parse_header(io.BytesIO(b64u_decode(row["header"])))))
    message, faults = await asyncio.to_thread(share_all, keyset, given["i"], envelopes, person.key("unwrap"))
    if faults:
        raise NotWhatWasPromised(f"shares that do not open: {faults}")
    await person.post("/api/v1/shares", {"jws": person.sign(TYPES[message["type"]], message)})


async def _read_out(stage: Stage) -> None:
    stage.scene("唱标")
    visitor, lot = stage.person("visitor", "公众"), stage.found["lot"]

    async def opened() -> Any:
        state = await visitor.get(f"/api/v1/lots/{lot}/opening")
        return state if state["stage"] in ("opened", "recorded") else None

    state = await stage.wait_until(opened, what="唱标")
    entry = await stage.entry("bid.opened")
    for bid in state["bids"]:
        words = f"{bid['name']}：{bid['price']} 元，交货期 {bid['form']['period']}" if bid["price"] else bid["state"]
        await stage.say("唱标", words, rule="R-ET-06", entry=entry)
    stage.found["opening"] = state
    count = await _recompute(visitor, str(lot))
    await stage.say("公众", f"用公布的密钥从密文重新算出 {count} 份报价，与唱标一致")


async def _recompute(visitor: HttpPerson, lot: str) -> int:
    forms = await visitor.get(f"/api/v1/verify/forms/{lot}")
    for form in forms:
        raw, out = await visitor.raw(form["envelope"]), io.BytesIO()
        eid = envelope.open_envelope(io.BytesIO(raw), b64u_decode(form["fk"]), out)
        if b64u_encode(eid) != form["eid"] or parse(out.getvalue())["price"] != form["price"]:
            raise NotWhatWasPromised("a price is not what the envelope holds")
    return len(forms)


async def _sign(stage: Stage, company: Company) -> None:
    async def signed() -> Any:
        try:
            await company.sign_record()
        except Refused as refusal:
            if refusal.code not in ("too-early", "record-changed"):
                raise
            return None  # files are still being decrypted
        return True

    await stage.wait_until(signed, within_s=120, what="投标文件解密")
    entry = await stage.entry("opening.signed")
    await stage.say(company.name, "核对开标记录后签署，无异议", rule="R-ET-10", entry=entry)


async def _record(stage: Stage, companies: list[Company]) -> None:
    stage.scene("开标记录")
    await _sign(stage, companies[0])
    await stage.clock_to(stage.case["dates"]["record"])
    agency, visitor, lot = stage.person("agency"), stage.person("visitor"), stage.found["lot"]

    async def confirmed() -> Any:
        try:
            return await agency.post(f"/api/v1/lots/{lot}/opening/confirm")
        except Refused as refusal:
            if refusal.code != "too-early":
                raise
            return None  # files are still being decrypted, or bidders may still object

    await stage.wait_until(confirmed, within_s=120, what="投标文件解密")
    entry = await stage.entry("opening.recorded")
    record = await visitor.raw(f"/api/v1/lots/{lot}/opening/record")
    agency.keep("opening-record.json", record)
    await stage.say(agency.name, "确认开标记录", rule="R-ET-06", entry=entry)

    async def printed() -> Any:
        state = await visitor.get(f"/api/v1/lots/{lot}/opening")
        return state["record"]

    kept = await stage.wait_until(lambda: _printed(printed), within_s=120, what="开标记录 PDF")
    if kept["pdf"]:
        pdf = await visitor.raw(f"/api/v1/lots/{lot}/opening/record.pdf")
        agency.keep("opening-record.pdf", pdf)
        await stage.say("平台", f"开标记录已生成并签章，PDF {len(pdf) / 1024:.0f} KB", rule="R-ET-10")
    else:
        await stage.say("平台", f"开标记录 PDF 未生成：{kept['fault']}", rule="R-ET-10")


async def _printed(ask: Any) -> Any:
    record = await ask()
    return record if record is not None and (record["pdf"] or record["fault"]) else None
