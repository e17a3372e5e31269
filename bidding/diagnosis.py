"""Why a sign-in was refused, in words that help its holder.

`bidding.licence` decides and names the step that failed; here the same token is looked at again, only to tell an
expired licence from an unknown issuer. Nothing here ever admits anybody.

Source: R-LIC-08, R-LIC-09; docs/spec/licence.md §6.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from bidding.licence_trust import LicenceTrust
from kernel.canonical import NotCanonical, b64u_decode, parse, parse_time
from kernel.codes import USCC_ALPHABET, uscc_valid
from kernel.crypto.certificates import CertificateError, read_x5c, revocation_reason, uscc_of

#: How far the wallet's clock may be from ours (issue: fail closed).
CLOCK = timedelta(seconds=60)

#: What a refused holder is told; causes that are not here tell a stranger nothing (style: no step of cryptography).
WORDS = {
    "chain": "电子营业执照证书无效，或不是由受信任的机构签发。",
    "expired-certificate": "电子营业执照证书已过有效期，请先到发照机关换发。",
    "future-certificate": "电子营业执照证书尚未生效，请核对执照的有效期。",
    "unknown-issuer": "这份电子营业执照的签发机构不在本平台的受信任名单内。",
    "issuer-expired": "签发机构的证书已过有效期，暂时不能用这份执照登录。",
    "issuer-not-counted": "签发机构目前不在受信任名单的有效期内，暂时不能用这份执照登录。",
    "path-length": "执照的证书链超出签发机构允许的层级，不予受理。",
    "not-an-authority": "执照是由不具备签发资格的证书签发的，不予受理。",
    "purpose": "这张证书的用途不是登录，请使用电子营业执照的签名证书。",
    "key-usage": "请使用电子营业执照的签名证书登录；加密证书不能用于登录。",
    "crl-stale": "执照的吊销名单已经过期，暂时无法确认执照状态，请稍后再试。",
    "crl-unreachable": "暂时无法连接签发机构查询执照状态，请稍后再试；紧急时请使用 CA 证书登录。",
    "revoked": "该电子营业执照已被吊销，不能登录。",
    "suspended": "该执照处于暂停使用状态（非存续），不能登录；恢复后可再次登录。",
    "cancelled": "该市场主体已注销（非存续），其执照不能登录。",
    "withdrawn": "该市场主体已被吊销营业执照（非存续），不能登录。",
    "superseded": "该执照已换发，请使用新的电子营业执照登录。",
    "key-lost": "该执照的密钥已报失，不能登录；请先到发照机关换发。",
    "uscc": "执照上的统一社会信用代码不正确。",
    "uscc-other": "登录请求中的统一社会信用代码与执照证书上的不一致：不能用别家单位的执照登录。",
    "signature": "执照的签名不正确，请重新登录。",
    "audience": "这次登录不是发给本平台的，请从本平台的登录页重新开始。",
    "nonce": "登录请求已失效或已使用，请刷新页面重新登录。",
    "binding": "登录请求属于另一个浏览器会话，请刷新页面重新登录。",
    "expired": "登录请求已超时，请重新登录；请检查本机时间是否准确。",
    "clock": "设备时间与平台时间相差超过 60 秒，请校准设备时间后重新登录。",
    "not-appointed": (
        "您的办事人证书有效，但本单位没有给您授权，或授权已经结束。申请已转给本单位的执照持有人，授权后即可登录。"
    ),
    "unknown-organisation": "本单位尚未在平台注册，请先由执照持有人用电子营业执照登录一次。",
    "disabled": "该账户已停用，请联系交易中心。",
    "trust": "受信任机构名单无法核验，暂停电子营业执照登录；请联系交易中心。",
}
#: What is wrong with a code in a token, which nobody may put right (`kernel.credit_code` does so for what people type).
USCC_FAULTS = {
    "full-width": "统一社会信用代码中有全角字符，请改用半角输入。",
    "look-alike": "统一社会信用代码中有形似的其他文字（不是数字或大写英文字母），请重新输入。",
    "blank": "统一社会信用代码中有空格，请删除后再试。",
    "registration-number": "这是 15 位的旧工商注册号，请填写 18 位统一社会信用代码。",
    "length": "统一社会信用代码应为 18 位。",
    "lower-case": "统一社会信用代码中的字母应为大写。",
    "symbol": "统一社会信用代码不使用字母 I、O、S、V、Z 及标点，请核对是否与数字 1、0、5、2 混淆。",
    "region": "统一社会信用代码第 3 至 8 位是行政区划码，应为数字。",
    "check": "统一社会信用代码的校验位不正确，请逐位核对。",
}
#: Reasons of RFC 5280 5.3.1 as the registry's words for a status other than 存续.
_STATUS = {
    x509.ReasonFlags.certificate_hold: "suspended",
    x509.ReasonFlags.cessation_of_operation: "cancelled",
    x509.ReasonFlags.privilege_withdrawn: "withdrawn",
    x509.ReasonFlags.superseded: "superseded",
    x509.ReasonFlags.key_compromise: "key-lost",
}


@dataclass(frozen=True, slots=True)
class Parts:
    """What a token says of itself; unverified."""

    chain: list[x509.Certificate]
    payload: dict[str, Any]


def words(cause: str) -> str:
    """Return what the holder is told."""
    return WORDS.get(cause, "登录未通过核验，请重新登录。")


def parts_of(token: str) -> Parts:
    """Take a token apart without believing it; what cannot be read is empty."""
    pieces = [*token.split("."), "", ""]
    read: list[Any] = []
    for piece in pieces[:2]:
        try:
            value = parse(b64u_decode(piece))
        except NotCanonical:
            value = {}
        read.append(value if isinstance(value, dict) else {})
    try:
        return Parts(read_x5c(read[0].get("x5c")), read[1])
    except CertificateError:
        return Parts([], read[1])


def is_clock_off(token: str, now: datetime) -> bool:
    """Say whether the wallet signed by a clock that is more than a minute off."""
    issued = parts_of(token).payload.get("iat")
    try:
        if type(issued) is int:
            return abs(issued - now.timestamp()) > CLOCK.total_seconds()
        return abs(parse_time(issued) - now) > CLOCK
    except (NotCanonical, ValueError, OverflowError, TypeError):
        return False


def cause_of(token: str, code: str, trust: LicenceTrust, now: datetime) -> str:
    """Return the finer cause of a refusal: a key of `WORDS`, or the code itself."""
    parts = parts_of(token)
    if code == "expired":
        return "clock" if is_clock_off(token, now) else "expired"
    if code == "crl-stale":
        return "crl-unreachable" if trust.is_unreachable(now) else "crl-stale"
    if not parts.chain:
        return code
    if code == "chain":
        return _path_fault(parts.chain, trust, now)
    if code == "revoked":
        reason = revocation_reason(parts.chain[0], trust.crls(now))
        return _STATUS.get(reason, "revoked") if reason is not None else "revoked"
    if code == "uscc":
        return _uscc_fault(parts)
    return code


def uscc_fault(code: str) -> str | None:
    """What is wrong with a text that should be a credit code: a key of `USCC_FAULTS`, or None if it is one.

    Source:
        GB 32100-2015; R-USC-01 to R-USC-05
    """
    if uscc_valid(code):
        return None
    if any("\uff01" <= symbol <= "\uff5e" or symbol == "\u3000" for symbol in code):
        return "full-width"
    if not code.isascii():
        return "look-alike"
    if any(symbol.isspace() for symbol in code):
        return "blank"
    if len(code) != 18:
        return "registration-number" if len(code) == 15 and code.isdecimal() else "length"
    if any(symbol.islower() for symbol in code):
        return "lower-case"
    if any(symbol not in USCC_ALPHABET for symbol in code):
        return "symbol"
    return "check" if code[2:8].isdecimal() else "region"


def uscc_words(cause: str) -> str:
    """Return what is wrong with a credit code, for causes of the form `uscc-…`."""
    return USCC_FAULTS.get(cause.removeprefix("uscc-"), words(cause))


def _uscc_fault(parts: Parts) -> str:
    claimed = parts.payload.get("uscc")
    fault = uscc_fault(claimed) if isinstance(claimed, str) else None
    if fault is not None:
        return f"uscc-{fault}"
    try:
        return "uscc-other" if uscc_of(parts.chain[0]) != claimed else "uscc"
    except CertificateError:
        return "uscc"


def _path_fault(chain: Sequence[x509.Certificate], trust: LicenceTrust, now: datetime) -> str:
    known_roots = list(trust.known_roots())
    known = [*chain[1:], *trust.known_intermediates()]
    path = [chain[0]]
    while len(path) < 8 and path[-1] not in known_roots:
        issuer = next((c for c in [*known_roots, *known] if c.subject == path[-1].issuer and c not in path), None)
        if issuer is None:
            return "unknown-issuer"
        path.append(issuer)
    if path[-1] not in trust.roots(now):
        return "issuer-not-counted" if path[-1] in known_roots else "unknown-issuer"
    leaf, *above = path
    if leaf.not_valid_after_utc <= now:
        return "expired-certificate"
    if leaf.not_valid_before_utc > now:
        return "future-certificate"
    if any(not c.not_valid_before_utc <= now < c.not_valid_after_utc for c in above):
        return "issuer-expired"
    return _constraint_fault(leaf, above)


def _constraint_fault(leaf: x509.Certificate, above: Sequence[x509.Certificate]) -> str:
    for depth, authority in enumerate(above):
        try:
            limits = authority.extensions.get_extension_for_class(x509.BasicConstraints).value
            usage = authority.extensions.get_extension_for_class(x509.KeyUsage).value
        except (x509.ExtensionNotFound, ValueError):
            return "not-an-authority"
        if not limits.ca or not usage.key_cert_sign:
            return "not-an-authority"
        if limits.path_length is not None and depth > limits.path_length:
            return "path-length"
    try:
        purposes = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, ValueError):
        return "purpose"
    return "chain" if ExtendedKeyUsageOID.CLIENT_AUTH in purposes else "purpose"
