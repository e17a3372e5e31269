"""A bidding company's own program: licence, sealing, opening file, submission, receipt, release.

Everything here runs on the company's side. The platform gets ciphertext, digests and signatures; keys, plaintexts and
receipts lie in the company's folder.
"""

import asyncio
import io
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bidding import envelope, messages
from bidding.client import released_secret, sign_message
from bidding.keyfile import LicenceFile, write_licence_file
from bidding.keyset import check_keyset, keyset_hash, trustee_keys
from bidding.licence import login_token
from bidding.sbk import OpeningFile, SlotKey, read_sbk, write_sbk
from bidding.vocabulary import CHUNK_OF_SLOT, FILE, FORM
from kernel.canonical import b64u_decode, b64u_encode, jcs
from kernel.codes import citizen_check_char
from kernel.crypto import random_bytes, suite
from kernel.crypto.authority import Authority, Holder, Licence, issue_licence, load_authority, revoke
from kernel.crypto.keys import KeyKind, PrivateKey, generate
from kernel.crypto.merkle import leaf_hash
from kernel.log.checkpoint import parse_checkpoint
from kernel.log.entry import parse_entry
from kernel.log.receipt import hashes_of, verify_receipt
from kernel.log.tree import verify_inclusion
from kernel.log.trust import read_trust
from portal.demo.client import HttpPerson, Refused
from portal.demo.papers import make_pdf
from portal.demo.stage import Stage

#: Of every key file in the demonstration: nobody has to look for it.
PASSPHRASE = "sunlit"  # noqa: S105 - meant to be known
SUITE = suite("intl-1")
#: Sizes of the bid documents, in turn.
SIZES = (1_200_000, 6_500_000, 12_000_000, 2_800_000, 19_500_000, 1_600_000)
_AT_ONCE = 3
#: Why a challenge must be asked for anew, and how often that is tried; the platform counts failures as well.
_STALE, _SIGN_INS = frozenset({"nonce", "expired"}), 4


class NotWhatWasPromised(AssertionError):
    """The platform showed something that does not verify; an honest platform never does."""


@dataclass(slots=True)
class Company:
    """One bidder."""

    stage: Stage
    person: HttpPerson
    case: dict[str, Any]
    sign_key: PrivateKey
    encrypt_key: PrivateKey
    licence: Licence
    authority: Authority
    pseudonym: str = ""
    rev: int = 0
    head: bytes | None = None
    price: str = ""
    docs: list[dict[str, Any]] = field(default_factory=list)
    bid_key: PrivateKey | None = None

    @property
    def name(self) -> str:
        """The company's name."""
        return str(self.case["name"])

    @property
    def lot(self) -> str:
        """Id of the lot."""
        return str(self.stage.found["lot"])

    # Licence.

    async def sign_in(self) -> None:
        """Sign in with the licence; a challenge that was used up without an answer coming back is asked for anew."""
        for left in reversed(range(_SIGN_INS)):
            try:
                await self._answer_challenge()
            except Refused as refusal:
                if refusal.problem.get("reason") not in _STALE or not left:
                    raise
            else:
                break
        await self.person.get("/api/v1/me")  # sets the token that belongs to the new session

    async def _answer_challenge(self) -> None:
        given = await self._challenge()
        token = login_token(
            self.sign_key,
            self._chain,
            audience=given["aud"],
            nonce=given["nonce"],
            binding=given["bind"],
            uscc=self.case["uscc"],
            now=await self.stage.now(),
        )
        await self.person.post("/api/v1/auth/licence", {"token": token})

    async def _challenge(self) -> dict[str, str]:
        await self.person.arrive()
        given: dict[str, str] = await self.person.get("/api/v1/auth/licence/challenge")
        return given

    @property
    def _chain(self) -> list[Any]:
        return [self.licence.sign, self.authority.issuing]

    def signed(self, message: dict[str, Any]) -> str:
        """Sign a message with the licence."""
        return sign_message(SUITE, message, self.sign_key, self._chain)

    # One registration for every tender.

    async def register(self) -> bool:
        """Complete the company's registration as its clerk would; say whether something was left to do."""
        state = await self.person.get("/api/v1/registration")
        if state["complete"]:
            return False
        lines = ["基本存款账户信息（演示，内容为虚构）", f"存款人：{self.name}", "开户银行：演示银行营业部"]
        proof = await asyncio.to_thread(make_pdf, "基本存款账户信息", lines, size=20_000)
        self.person.keep("基本存款账户信息.pdf", proof)
        query = "name=" + quote("基本存款账户信息.pdf")
        await self.person.put(f"/api/v1/registration/documents/bank_proof?{query}", proof, "application/pdf")
        await self.person.post("/api/v1/registration", self._told())
        return True

    def _told(self) -> dict[str, str]:
        # Region 990000 exists nowhere: nobody has this number.
        stem = "99000019850101" + f"{int.from_bytes(self.case['uscc'].encode()[-3:], 'big') % 1000:03d}"
        return {
            "contact_name": self.case["manager"],
            "contact_id_number": stem + citizen_check_char(stem),
            "contact_phone": "138000" + stem[-3:] + "00",
            "email": "contact@company.example",
            "address": f"演示省云澜市江北区示范大道 {int(stem[-3:]) + 1} 号",
            "postcode": "430000",
            "bank_name": "演示银行云澜市营业部",
            "bank_account": "6200" + stem[-3:] + "00001234",
            "promise": "yes",
        }

    async def take_part(self) -> None:
        """Register interest, after the company's registration is complete; get the pseudonym."""
        await self.register()
        self.pseudonym = (await self.person.post(f"/api/v1/lots/{self.lot}/interest"))["bidder"]

    # Sealing.

    async def prepare(self, price: str, size: int) -> None:
        """Write form and file, seal them, upload the ciphertext, keep the opening file and try it."""
        told = await self.person.get(f"/api/v1/lots/{self.lot}/keyset")
        keyset = told["keyset"]
        check_keyset(keyset)
        if keyset_hash(keyset) != b64u_decode(told["ks"]):
            raise NotWhatWasPromised("the keyset is not what its digest says")
        await self._require_logged(keyset, told["proof"])
        self.price, self.bid_key = price, generate(KeyKind.P256)
        number = self.rev + 1
        content = {FILE: self._paper(number, size), FORM: self._form(price)}
        slots, self.docs = [], []
        for slot, data in sorted(content.items()):
            self.person.keep(f"{number}-{slot}.{'pdf' if slot == FILE else 'json'}", data)
            raw, eid, file_key = await asyncio.to_thread(self._seal, keyset, slot, data)
            self.person.keep(f"{number}-{slot}.sbe", raw)
            slots.append(SlotKey(slot, eid, file_key))
            self.docs.append(messages.document(slot, eid, await self._upload(slot, raw), len(raw)))
        await asyncio.to_thread(self._keep_opening_file, number, keyset, slots)

    async def _require_logged(self, detail: dict[str, Any], proof: dict[str, Any] | None) -> None:
        trusted = read_trust(await self.person.get("/api/v1/trust"))
        if proof is None or not holds(detail, proof, trusted):
            raise NotWhatWasPromised("the keyset is not in the log")

    def _form(self, price: str) -> bytes:
        facts = self.stage.case["facts"]
        return jcs(
            {
                "v": 1,
                "type": "bid.form",
                "tender": facts["number"],
                "lot": self.stage.case["inventions"]["lot_number"],
                "bidder_name": self.name,
                "uscc": self.case["uscc"],
                "price": price,
                "period": f"{self.case['period_days']} 日",
                "manager": self.case["manager"],
                "valid_days": self.stage.case["inventions"]["procedure"]["valid_days"],
                "remark": self._canary("投标函"),
            }
        )

    def _paper(self, number: int, size: int) -> bytes:
        lines = [
            "投标文件（演示，内容为虚构）",
            f"投标人：{self.name}（{self.case['uscc']}）",
            f"项目负责人：{self.case['manager']}，交货期 {self.case['period_days']} 日",
            "第一章 投标函  第二章 法定代表人身份证明  第三章 授权委托书",
            "第四章 技术规格响应表  第五章 实施与数据迁移方案  第六章 同类业绩",
            "第七章 质保与服务承诺  第八章 资格证明文件（扫描件）",
            *(f"技术规格第 {n} 条：响应，无偏离。" for n in range(1, 200)),
        ]
        pdf = make_pdf(f"{self.name} 第 {number} 次投标文件", lines, size=size)
        return pdf + f"% {self._canary('投标文件')}\n".encode()  # a comment after the end; readers skip it

    def _canary(self, where: str) -> str:
        """A sentence that must be found nowhere on the platform before the opening."""
        text = f"{self.name}的{where}密语 {b64u_encode(random_bytes(9))}"
        self.stage.canaries.append(text)
        return text

    def _seal(self, keyset: dict[str, Any], slot: str, data: bytes) -> tuple[bytes, bytes, bytes]:
        assert self.bid_key is not None
        core = {
            "suite": keyset["suite"],
            "tender": keyset["tender"],
            "lot": keyset["lot"],
            "slot": slot,
            "bidder": self.pseudonym,
            "ks": b64u_encode(keyset_hash(keyset)),
            "chunk": CHUNK_OF_SLOT[slot],
        }
        keys = [("hpke-p256", self.bid_key.public), ("hpke-p256", self.encrypt_key.public)]
        out = io.BytesIO()
        eid, file_key = envelope.seal(
            core, keyset["policy"], keys, trustee_keys(keyset), keyset["k"], len(data), io.BytesIO(data), out
        )
        return out.getvalue(), eid, file_key

    async def _upload(self, slot: str, raw: bytes) -> int:
        head = envelope.read_head(io.BytesIO(raw))
        body = raw[len(head.raw) :]
        pieces = [body[at : at + head.sealed_chunk] for at in range(0, len(body), head.sealed_chunk)]
        opened = {"lot": self.lot, "slot": slot, "header": b64u_encode(head.raw), "chunks": len(pieces)}
        upload = (await self.person.post("/api/v1/uploads", opened))["id"]
        gate = asyncio.Semaphore(_AT_ONCE)

        async def send(j: int, piece: bytes, advance: Any) -> None:
            async with gate:
                answer = await self.person.put(f"/api/v1/uploads/{upload}/chunks/{j}", piece)
            if b64u_decode(answer["leaf"]) != leaf_hash(SUITE, piece):
                raise NotWhatWasPromised("the platform received another chunk")
            advance(1)

        async with self.stage.progress(f"{self.name} 上传 {slot}", len(pieces)) as advance:
            await asyncio.gather(*(send(j, piece, advance) for j, piece in enumerate(pieces)))
        return len(pieces)

    def _keep_opening_file(self, number: int, keyset: dict[str, Any], slots: list[SlotKey]) -> None:
        assert self.bid_key is not None
        content = OpeningFile(keyset["tender"], keyset["lot"], self.pseudonym, self.bid_key, tuple(slots))
        file = self.person.keep(f"{number}.sbk", write_sbk(content, PASSPHRASE))
        if read_sbk(file.read_bytes(), PASSPHRASE).slots != content.slots:
            raise NotWhatWasPromised("the opening file does not open")

    # Submission.

    async def submit(self) -> dict[str, Any]:
        """Sign and submit what was prepared; verify and keep the receipt."""
        facts = self.stage.case["facts"]
        told = await self.person.get(f"/api/v1/lots/{self.lot}/keyset")
        message = messages.submission(
            tender=facts["number"],
            lot=self.stage.case["inventions"]["lot_number"],
            bidder=self.pseudonym,
            rev=self.rev + 1,
            prev=self.head,
            docs=self.docs,
            ks=b64u_decode(told["ks"]),
        )
        return await self._send("/api/v1/submissions", message)

    async def withdraw(self) -> dict[str, Any]:
        """Withdraw the bid."""
        assert self.head is not None
        message = messages.withdrawal(
            tender=self.stage.case["facts"]["number"],
            lot=self.stage.case["inventions"]["lot_number"],
            bidder=self.pseudonym,
            rev=self.rev + 1,
            prev=self.head,
        )
        return await self._send("/api/v1/withdrawals", message)

    async def _send(self, path: str, message: dict[str, Any]) -> dict[str, Any]:
        digest = messages.submission_digest(SUITE, message)
        token = self.signed(message)
        self.person.keep(f"{message['rev']}-{message['type']}.jws", token.encode())
        answer = await self.person.post(path, {"jws": token})

        async def receipt() -> Any:
            found = await self.person.get(f"/api/v1/receipts/{b64u_encode(digest)}")
            return found if "receipt" in found else None

        bundle: dict[str, Any] = answer if "receipt" in answer else await self.stage.wait_until(receipt, what="回执")
        verified = verify_receipt(bundle, await self.person.get("/api/v1/trust"))
        if verified.detail["submission"] != b64u_encode(digest):
            raise NotWhatWasPromised("the receipt is for something else")
        self.person.keep(f"{message['rev']}-receipt.json", bundle)
        self.rev, self.head = message["rev"], digest
        return bundle

    # Opening.

    async def release(self) -> None:
        """Check that the bid stands in the close list under the deadline checkpoint; then give the secrets."""
        trusted = read_trust(await self.person.get("/api/v1/trust"))
        close = await self.stage.wait_until(self._close_list, what="开标清单")
        self._require_own_place(close, trusted)
        own = (await self.person.get(f"/api/v1/lots/{self.lot}/headers"))["headers"]
        kept = read_sbk((self.person.folder / f"{self.rev}.sbk").read_bytes(), PASSPHRASE)
        secrets = []
        for row in own:
            header = envelope.parse_header(io.BytesIO(b64u_decode(row["header"])))
            secrets.append((row["slot"], b64u_decode(row["eid"]), released_secret(header, kept.key)))
        if {(slot, eid) for slot, eid, _ in secrets} != {(slot.slot, slot.eid) for slot in kept.slots}:
            raise NotWhatWasPromised("the platform shows other envelopes than were sealed")
        assert self.head is not None
        message = messages.release(
            tender=kept.tender, lot=kept.lot, bidder=self.pseudonym, submission=self.head, secrets=secrets
        )
        await self.person.post("/api/v1/releases", {"jws": self.signed(message)})

    async def _close_list(self) -> Any:
        try:
            return await self.person.get(f"/api/v1/lots/{self.lot}/close-list")
        except Refused as refusal:
            if refusal.status != 404:
                raise
            return None  # the platform is closing the lot; a moment later the log has it

    def _require_own_place(self, told: dict[str, Any], trusted: Any) -> None:
        close, mine = told["close"], told["mine"]
        if not holds(close["detail"], close["proof"], trusted) or close["detail"]["root"] != told["root"]:
            raise NotWhatWasPromised("the close list is not in the log")
        assert self.head is not None
        leaf = leaf_hash(SUITE, jcs(mine["entry"]))
        path = hashes_of(mine["path"])
        listed = verify_inclusion(SUITE, leaf, mine["index"], told["size"], path, b64u_decode(told["root"]))
        if not listed or mine["entry"]["submission"] != b64u_encode(self.head):
            raise NotWhatWasPromised("the own bid is not in the close list")


def holds(detail: dict[str, Any], proof: dict[str, Any], trusted: Any) -> bool:
    """Say whether the log holds a detail, by its proof under a signed and cosigned checkpoint."""
    checkpoint, entry = parse_checkpoint(proof["checkpoint"], trusted), parse_entry(proof["entry"])
    path = hashes_of(proof["path"])
    return entry.holds(SUITE, detail) and verify_inclusion(
        SUITE, entry.leaf(SUITE), proof["index"], proof["size"], path, checkpoint.root
    )


async def found_company(stage: Stage, case: dict[str, Any]) -> Company:
    """Have the local authority issue a licence, and keep it in the company's folder."""
    authority = load_authority(Path(stage.found["home"]) / "keys" / "authority")
    person = stage.person(f"bidder-{case['key']}", case["name"])
    sign, encrypt = person.key("licence-sign"), person.key("licence-encrypt")
    holder = Holder(case["uscc"], case["name"])
    licence = issue_licence(authority, holder, sign.public, encrypt.public, await stage.now() - timedelta(days=60))
    content = LicenceFile(
        case["uscc"],
        case["name"],
        sign,
        [licence.sign, authority.issuing],
        encrypt,
        [licence.encrypt, authority.issuing],
    )
    person.keep(f"{case['name']}.lic", await asyncio.to_thread(write_licence_file, content, PASSPHRASE))
    return Company(stage, person, case, sign, encrypt, licence, authority)


async def revoke_licence(company: Company) -> None:
    """Have the authority revoke a company's licence."""
    revoke(company.authority, company.licence.sign, await company.stage.now())
