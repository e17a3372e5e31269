"""A bidding company of the demonstration: it writes its papers, and bids with the program behind `./sunlit bid`.

Everything here runs on the company's side. The platform gets ciphertext, digests and signatures; keys, plaintexts and
receipts lie in the company's folder.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bidding.client import sign_message
from bidding.keyfile import LicenceFile, write_licence_file
from bidding.messages import record_signature
from bidding.proofs import SUITE
from bidding.vocabulary import FILE, FORM
from kernel.canonical import b64u_decode, b64u_encode, jcs
from kernel.codes import citizen_check_char
from kernel.crypto import random_bytes
from kernel.crypto.authority import Authority, Holder, Licence, issue_licence, load_authority, revoke
from kernel.crypto.keys import KeyKind, generate
from kernel.log import Trust, VerifiedReceipt
from kernel.log.trust import read_trust
from portal.bidder import releasing, signing_in, submitting
from portal.bidder.folder import BidFolder, Terms
from portal.bidder.preparing import checked_keyset, take_part
from portal.bidder.sealing import Content, seal_contents
from portal.bidder.submitting import Standing
from portal.bidder.uploading import upload_documents
from portal.demo.client import HttpPerson
from portal.demo.papers import make_pdf
from portal.demo.stage import Stage

#: Of every key file in the demonstration: nobody has to look for it.
PASSPHRASE = "sunlit"  # noqa: S105 - meant to be known
#: Sizes of the bid documents, in turn.
SIZES = (1_200_000, 6_500_000, 12_000_000, 2_800_000, 19_500_000, 1_600_000)


@dataclass(slots=True)
class Company:
    """One bidder."""

    stage: Stage
    person: HttpPerson
    case: dict[str, Any]
    issued: Licence
    licence: LicenceFile
    authority: Authority
    pseudonym: str = ""
    rev: int = 0
    head: bytes | None = None
    docs: list[dict[str, Any]] = field(default_factory=list)
    terms: Terms | None = None

    @property
    def name(self) -> str:
        """The company's name."""
        return str(self.case["name"])

    @property
    def lot(self) -> str:
        """Id of the lot."""
        return str(self.stage.found["lot"])

    @property
    def folder(self) -> BidFolder:
        """Where the company keeps its bid."""
        return BidFolder(self.person.folder)

    async def _trust(self) -> Trust:
        return read_trust(await self.person.raw("/api/v1/trust"))

    # Licence.

    async def sign_in(self) -> None:
        """Sign in with the licence."""
        await signing_in.sign_in(self.person, self.licence)

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
        self.pseudonym = await take_part(self.person, self.lot)

    # Sealing.

    async def prepare(self, price: str, size: int) -> None:
        """Write form and file, seal them, keep the opening file and try it, upload the ciphertext."""
        told = await self.person.get(f"/api/v1/lots/{self.lot}/keyset")
        self.terms = Terms(
            site="",
            lot_id=self.lot,
            title="",
            keyset=checked_keyset(told, await self._trust()),
            deadline="",
            cap_fen=None,
            bidder=self.pseudonym,
            bidder_name=self.name,
            uscc=self.case["uscc"],
            licence=self.licence.encrypt_key.public,
        )
        number = self.folder.latest + 1
        paper = self.folder.write(f"{number}-file.pdf", self._paper(number, size))
        form = self.folder.write(f"{number}-form.json", self._form(price))
        contents, key = [Content(FILE, paper), Content(FORM, form)], generate(KeyKind.P256)
        self.docs = await asyncio.to_thread(seal_contents, self.folder, number, self.terms, key, PASSPHRASE, contents)
        async with self.stage.progress(f"{self.name} 上传", sum(doc["bytes"] for doc in self.docs)) as advance:
            await upload_documents(self.person, self.lot, self.folder, number, self.docs, advance)

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

    # Submission.

    async def submit(self) -> VerifiedReceipt:
        """Sign and submit what was prepared; verify and keep the receipt."""
        return await self._deliver(submitting.submit)

    async def withdraw(self) -> VerifiedReceipt:
        """Withdraw the bid."""
        return await self._deliver(submitting.withdraw)

    async def _deliver(self, act: Any) -> VerifiedReceipt:
        assert self.terms is not None
        standing = Standing(self.pseudonym, "sealed", self.rev, self.head)
        receipt: VerifiedReceipt = await act(
            self.person, self.folder, self.terms, self.licence, await self._trust(), standing
        )
        self.rev, self.head = receipt.detail["rev"], b64u_decode(receipt.detail["submission"])
        return receipt

    # Opening.

    async def release(self) -> None:
        """Check that the bid stands in the close list under the deadline checkpoint; then give the secrets."""
        assert self.terms is not None
        kept = await asyncio.to_thread(releasing.open_kept, self.folder, PASSPHRASE)

        async def closed() -> Any:  # the platform is closing the lot; a moment later the log has it
            return await releasing.find_close_list(self.person, self.lot)

        close = await self.stage.wait_until(closed, what="开标清单")
        trust = await self._trust()
        await releasing.release(self.person, self.folder, self.terms, self.licence, trust, kept, close)

    async def attend(self) -> None:
        """Check in to the opening."""
        await self.person.post(f"/api/v1/lots/{self.lot}/opening/presence", {})

    async def sign_record(self) -> None:
        """Read the record's draft, compute its digest, and sign it as agreed."""
        told = (await self.person.get(f"/api/v1/lots/{self.lot}/opening/draft"))["draft"]
        place = {"tender": told["tender"], "lot": told["lot"]}
        message = record_signature(**place, draft=SUITE.hash(jcs(told)), stance="agreed")
        token = sign_message(SUITE, message, self.licence.sign_key, self.licence.sign)
        await self.person.post(f"/api/v1/lots/{self.lot}/opening/signatures", {"jws": token})


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
    return Company(stage, person, case, licence, content, authority)


async def revoke_licence(company: Company) -> None:
    """Have the authority revoke a company's licence."""
    revoke(company.authority, company.issued.sign, await company.stage.now())
