"""`sunlit licence`: the local issuing authority. For development, tests and demonstrations only.

./sunlit licence issue --uscc CODE --name NAME     keys and certificates in one file (.lic), for the holder
./sunlit licence suspend|resume|revoke CODE        on hold, off hold, for good
./sunlit licence rotate CODE                       new keys; the old licence is superseded
./sunlit licence list | crl | trust                what was issued; the revocation list; who counts
"""

import argparse
import contextlib
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import IO

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from bidding.keyfile import LicenceFile, write_licence_file
from bidding.trust_list import read_trust_list
from kernel.clock import SystemClock
from kernel.credit_code import read_credit_code
from kernel.crypto import CryptoError
from kernel.crypto.authority import (
    Authority,
    AuthorityError,
    Holder,
    enter,
    issue_licence,
    issued_licences,
    listed_reason,
    load_authority,
    make_crl,
    release_hold,
)
from kernel.crypto.keys import KeyKind, generate, load_private
from portal.embedded.home import choose_home, open_home
from portal.errors import CommandError
from portal.licences import authority_folder, ensure_authority

REASONS = {
    "revoked": x509.ReasonFlags.unspecified,
    "withdrawn": x509.ReasonFlags.privilege_withdrawn,
    "cancelled": x509.ReasonFlags.cessation_of_operation,
    "key-lost": x509.ReasonFlags.key_compromise,
}
ROLES = ("legal_representative", "clerk")
_DAYS = range(1, 3651)
_WORDS = {
    None: "存续",
    "certificateHold": "暂停",
    "privilegeWithdrawn": "吊销",
    "cessationOfOperation": "注销",
    "keyCompromise": "密钥报失",
    "superseded": "已换发",
    "unspecified": "已吊销",
}
DAY = timedelta(days=1)


def register(parser: argparse.ArgumentParser) -> None:
    """Name the acts."""
    acts = parser.add_subparsers(dest="act", metavar="issue|suspend|resume|revoke|rotate|list|crl|trust", required=True)
    issue = acts.add_parser("issue", help="签发执照")
    issue.add_argument("--uscc", required=True, metavar="代码", help="统一社会信用代码")
    issue.add_argument("--name", required=True, metavar="名称", help="单位名称")
    issue.add_argument("--person", metavar="姓名", help="持证人（法定代表人或办事人）")
    issue.add_argument("--role", choices=ROLES, help="持证人的身份，默认 legal_representative；须与 --person 同用")
    suspend = acts.add_parser("suspend", help="暂停使用（吊销名单中为 certificateHold）")
    resume = acts.add_parser("resume", help="恢复使用")
    revoke = acts.add_parser("revoke", help="吊销")
    revoke.add_argument("--reason", choices=sorted(REASONS), default="revoked", help="原因，默认 revoked")
    rotate = acts.add_parser("rotate", help="换发：新密钥、新证书，旧执照作废")
    for one in (issue, rotate):
        one.add_argument("--out", metavar="文件", type=Path, help="执照文件，默认 代码.lic")
        one.add_argument("--days", metavar="天", type=int, default=365, help="有效期，默认 365 天")
        one.add_argument("--passphrase-file", metavar="文件", type=Path, help="从文件读取口令；默认口令 sunlit（演示）")
    for one in (suspend, resume, revoke, rotate):
        one.add_argument("uscc", metavar="代码", help="统一社会信用代码")
    crl = acts.add_parser("crl", help="签发吊销名单")
    crl.add_argument("--out", metavar="文件", type=Path, help="写入文件（DER）；默认只列出内容")
    listing, trust = (
        acts.add_parser("list", help="列出签发过的执照"),
        acts.add_parser("trust", help="显示受信任机构名单"),
    )
    for one in (issue, suspend, resume, revoke, rotate, crl, listing, trust):
        one.add_argument("--authority", metavar="目录", type=Path, help="签发机构的目录，默认数据目录中的那个")


def run(args: argparse.Namespace) -> int:
    """Do one act of the authority."""
    authority = _authority(args)
    if "uscc" in args:
        args.uscc = read_credit_code(args.uscc).code
    try:
        match args.act:
            case "issue":
                holder = _holder(args)
                if _current(authority, holder.uscc, holder):
                    raise CommandError(f"{args.uscc} 已有有效执照；换发请用 rotate。", code=1)
                _issue(authority, holder, args)
            case "suspend":
                _enter(authority, args.uscc, x509.ReasonFlags.certificate_hold)
            case "resume":
                for row in _held(authority, args.uscc):
                    release_hold(authority, int(row["sign"]))
                    release_hold(authority, int(row["encrypt"]))
            case "revoke":
                _enter(authority, args.uscc, REASONS[args.reason])
            case "rotate":
                _rotate(authority, args)
            case "crl":
                _crl(authority, args.out)
            case "trust":
                _trust(authority)
        if args.act in {"suspend", "resume", "revoke"}:
            print(f"{args.uscc}：{_status(authority, issued_licences(authority), args.uscc)}；下一份吊销名单即生效。")
        if args.act == "list":
            _list(authority)
    except AuthorityError as refusal:
        raise CommandError(f"签发机构拒绝：{refusal.reason}", code=1) from None
    return 0


def _authority(args: argparse.Namespace) -> Authority:
    if args.authority is not None:
        if not (args.authority / "root.pem").exists() and args.act != "issue":
            raise CommandError(f"{args.authority} 中没有签发机构。", code=2)
        return ensure_authority(args.authority)
    home = open_home(choose_home(args.home))
    folder = authority_folder(home)
    if (folder / "root.pem").exists():
        return load_authority(folder)
    if home.is_formal:
        raise CommandError("正式环境没有本地签发机构；请用 --authority 另指目录。", code=2)
    return ensure_authority(folder)


def _status(authority: Authority, rows: list[dict[str, str]], uscc: str) -> str:
    newest = [row for row in rows if row["uscc"] == uscc][-1]
    return _WORDS[listed_reason(authority, int(newest["sign"]))]


def _of(authority: Authority, uscc: str) -> list[dict[str, str]]:
    rows = [row for row in issued_licences(authority) if row["uscc"] == uscc]
    if not rows:
        raise CommandError(f"没有给 {uscc} 签发过执照。", code=1)
    return rows


def _holder(args: argparse.Namespace) -> Holder:
    if not 1 <= len(args.name.strip()) <= 64 or (args.person is not None and not 1 <= len(args.person.strip()) <= 64):
        raise CommandError("单位名称和持证人姓名为 1 至 64 个字。", code=2)
    if args.role and not args.person:
        raise CommandError("--role 说明持证人的身份，须同时用 --person 写明持证人。", code=2)
    role = (args.role or ROLES[0]) if args.person else "organisation"
    return Holder(args.uscc, args.name.strip(), args.person.strip() if args.person else None, role)


def _current(authority: Authority, uscc: str, holder: Holder | None = None) -> list[dict[str, str]]:
    """Return the licences of a code that are not over; of one holder only: a clerk's stands beside the firm's own."""
    rows = [row for row in issued_licences(authority) if row["uscc"] == uscc]
    if holder is not None and holder.role == "clerk":
        rows = [row for row in rows if (row["role"], row["person"]) == ("clerk", holder.person or "")]
    elif holder is not None:
        rows = [row for row in rows if row["role"] != "clerk"]
    return [row for row in rows if listed_reason(authority, int(row["sign"])) in (None, "certificateHold")]


def _held(authority: Authority, uscc: str) -> list[dict[str, str]]:
    held = [row for row in _of(authority, uscc) if listed_reason(authority, int(row["sign"])) == "certificateHold"]
    if not held:
        raise CommandError(f"{uscc} 的执照没有处于暂停状态；已吊销、注销的不能恢复。", code=1)
    return held


def _enter(authority: Authority, uscc: str, reason: x509.ReasonFlags, holder: Holder | None = None) -> None:
    _of(authority, uscc)
    rows = _current(authority, uscc, holder)
    if not rows:
        raise CommandError(f"{uscc} 没有有效的执照。", code=1)
    now = SystemClock().now()
    for row in rows:
        enter(authority, int(row["sign"]), now, reason)
        enter(authority, int(row["encrypt"]), now, reason)


def _rotate(authority: Authority, args: argparse.Namespace) -> None:
    """Issue first, end the old one after: if the file cannot be written, the old licence goes on."""
    rows = _of(authority, args.uscc)
    last = next((row for row in reversed(rows) if row["role"] != "clerk"), rows[-1])
    holder = Holder(args.uscc, last["name"], last["person"] or None, last["role"])
    old = _current(authority, args.uscc, holder)
    if not old:
        raise CommandError(f"{args.uscc} 没有有效的执照。", code=1)
    _issue(authority, holder, args)
    now = SystemClock().now()
    for row in old:
        enter(authority, int(row["sign"]), now, x509.ReasonFlags.superseded)
        enter(authority, int(row["encrypt"]), now, x509.ReasonFlags.superseded)


def _issue(authority: Authority, holder: Holder, args: argparse.Namespace) -> None:
    if args.days not in _DAYS:
        raise CommandError(f"有效期为 {_DAYS[0]} 至 {_DAYS[-1]} 天。", code=2)
    passphrase = _passphrase(args.passphrase_file)
    file = args.out or Path(f"{holder.uscc}.lic")
    with _opened(file) as out:  # before anything is issued: a licence without its file would be nobody's
        sign, encrypt = generate(KeyKind.P256), generate(KeyKind.P256)
        # A day back, so that a clock that is a little behind does not find a licence from the future.
        made = issue_licence(
            authority, holder, sign.public, encrypt.public, SystemClock().now() - DAY, timedelta(days=args.days + 1)
        )
        above = [authority.issuing]
        chains = [made.sign, *above], [made.encrypt, *above]
        content = LicenceFile(holder.uscc, holder.organisation, sign, chains[0], encrypt, chains[1])
        out.write(write_licence_file(content, passphrase))
    print(f"已签发 {holder.organisation}（{holder.uscc}），有效至 {made.sign.not_valid_after_utc:%Y-%m-%d}：{file}")
    print("本地演示签发机构签发，不具法律效力。")


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[IO[bytes]]:
    """Open a new file for its owner; it goes again if what should be in it cannot be made."""
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise CommandError(f"{file} 已存在，不覆盖；请用 --out 另指文件。", code=1) from None
    except OSError as refusal:
        raise CommandError(f"{file} 无法写入：{refusal.strerror}。", code=1) from None
    try:
        with open(handle, "wb") as out:
            yield out
    except BaseException:
        file.unlink(missing_ok=True)
        raise


def _passphrase(file: Path | None) -> str:
    if file is None:
        return "sunlit"
    try:
        return file.read_text(encoding="utf-8").strip("\n")
    except (OSError, UnicodeDecodeError):
        raise CommandError(f"{file} 无法读取。", code=2) from None


def _list(authority: Authority) -> None:
    for row in issued_licences(authority):
        word = _WORDS[listed_reason(authority, int(row["sign"]))]
        span = f"{row['from'][:10]} 至 {row['until'][:10]}"
        print(f"{row['uscc']}  {word:<4}  {span}  {row['name']} {row['person']}".rstrip())


def _crl(authority: Authority, out: Path | None) -> None:
    crl = make_crl(authority, SystemClock().now())
    print(f"吊销名单：{len(list(crl))} 项，下次更新 {crl.next_update_utc:%Y-%m-%d %H:%M} UTC")
    if out is not None:
        try:
            out.write_bytes(crl.public_bytes(Encoding.DER))
        except OSError as refusal:
            raise CommandError(f"{out} 无法写入：{refusal.strerror}。", code=1) from None
        print(f"已写入 {out}")


def _trust(authority: Authority) -> None:
    try:
        key = load_private((authority.folder / "trust.key").read_bytes()).public
        token = (authority.folder / "trust.jws").read_text(encoding="ascii")
        content = read_trust_list(token, key, least_version=1, now=SystemClock().now())
    except (OSError, CryptoError):
        raise CommandError("这个目录里没有可用的受信任机构名单。", code=1) from None
    print(f"版本 {content.version}，{content.issued:%Y-%m-%d} 至 {content.expires:%Y-%m-%d}")
    for issuer in content.issuers:
        until = f"{issuer.until:%Y-%m-%d}" if issuer.until else "另行通知"
        print(f"  {issuer.name}：{issuer.since:%Y-%m-%d} 至 {until}；吊销名单 {issuer.crl}")
