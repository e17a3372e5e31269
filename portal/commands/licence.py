"""`sunlit licence`: the local issuing authority. For development, tests and demonstrations only.

./sunlit licence issue --uscc CODE --name NAME     keys and certificates in one file (.lic), for the holder
./sunlit licence suspend|resume|revoke CODE        on hold, off hold, for good
./sunlit licence rotate CODE                       new keys; the old licence is superseded
./sunlit licence list | crl | trust                what was issued; the revocation list; who counts
"""

import argparse
import os
from datetime import timedelta
from pathlib import Path

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
    issue.add_argument("--role", metavar="身份", default="legal_representative", help="legal_representative 或 clerk")
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
                if _current(authority, args.uscc):
                    raise CommandError(f"{args.uscc} 已有有效执照；换发请用 rotate。", code=1)
                holder = Holder(args.uscc, args.name, args.person, args.role if args.person else "organisation")
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


def _current(authority: Authority, uscc: str) -> list[dict[str, str]]:
    rows = [row for row in issued_licences(authority) if row["uscc"] == uscc]
    return [row for row in rows if listed_reason(authority, int(row["sign"])) in (None, "certificateHold")]


def _held(authority: Authority, uscc: str) -> list[dict[str, str]]:
    held = [row for row in _of(authority, uscc) if listed_reason(authority, int(row["sign"])) == "certificateHold"]
    if not held:
        raise CommandError(f"{uscc} 的执照没有处于暂停状态；已吊销、注销的不能恢复。", code=1)
    return held


def _enter(authority: Authority, uscc: str, reason: x509.ReasonFlags) -> None:
    _of(authority, uscc)
    rows = _current(authority, uscc)
    if not rows:
        raise CommandError(f"{uscc} 没有有效的执照。", code=1)
    now = SystemClock().now()
    for row in rows:
        enter(authority, int(row["sign"]), now, reason)
        enter(authority, int(row["encrypt"]), now, reason)


def _rotate(authority: Authority, args: argparse.Namespace) -> None:
    last = _of(authority, args.uscc)[-1]
    _enter(authority, args.uscc, x509.ReasonFlags.superseded)
    _issue(authority, Holder(args.uscc, last["name"], last["person"] or None, last["role"]), args)


def _issue(authority: Authority, holder: Holder, args: argparse.Namespace) -> None:
    passphrase = "sunlit"  # noqa: S105 - of the demonstration, meant to be known
    if args.passphrase_file is not None:
        passphrase = args.passphrase_file.read_text(encoding="utf-8").strip("\n")
    sign, encrypt = generate(KeyKind.P256), generate(KeyKind.P256)
    # A day back, so that a clock that is a little behind does not find a licence from the future.
    made = issue_licence(
        authority, holder, sign.public, encrypt.public, SystemClock().now() - DAY, timedelta(days=args.days + 1)
    )
    above = [authority.issuing]
    content = LicenceFile(holder.uscc, holder.organisation, sign, [made.sign, *above], encrypt, [made.encrypt, *above])
    file = args.out or Path(f"{holder.uscc}.lic")
    try:
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(write_licence_file(content, passphrase))
    except FileExistsError:
        raise CommandError(f"{file} 已存在，不覆盖；请用 --out 另指文件。", code=1) from None
    print(f"已签发 {holder.organisation}（{holder.uscc}），有效至 {made.sign.not_valid_after_utc:%Y-%m-%d}：{file}")
    print("本地演示签发机构签发，不具法律效力。")


def _list(authority: Authority) -> None:
    for row in issued_licences(authority):
        word = _WORDS[listed_reason(authority, int(row["sign"]))]
        span = f"{row['from'][:10]} 至 {row['until'][:10]}"
        print(f"{row['uscc']}  {word:<4}  {span}  {row['name']} {row['person']}".rstrip())


def _crl(authority: Authority, out: Path | None) -> None:
    crl = make_crl(authority, SystemClock().now())
    print(f"吊销名单：{len(list(crl))} 项，下次更新 {crl.next_update_utc:%Y-%m-%d %H:%M} UTC")
    if out is not None:
        out.write_bytes(crl.public_bytes(Encoding.DER))
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
