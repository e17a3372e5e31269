"""Say in words what a sealed document is worth. Pure.

Source: crypto.md 6.4, 13 no. 47; docs/spec/seals.md.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

from kernel.web.filters import moment
from kernel.web.seal import Seal, SealReport


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer.

    Attributes:
        code: `original`, `sealed` (a good seal on something the platform did not issue) or `refused`.
        kind: `ok`, `warn` or `bad`, as pages colour it.
    """

    code: str
    kind: str
    title: str
    words: str


class Finding(NamedTuple):
    """One question that was asked of the file, with its answer, as `macros/ui.html: checks` takes it."""

    kind: str
    text: str
    sub: str = ""


#: Problem → title and words of the refusal. The first problem of a report decides.
_REFUSED: Final = {
    "too-complex": ("没有核验", "文件的结构异常，展开后过大或过于复杂，核验已中止。平台发出的文件不会这样。"),
    "not-pdf": ("没有核验", "这不是可以读取的 PDF 文件。"),
    "encrypted": ("没有核验", "文件已加密，无法核验。平台发出的文件都不加密，请取得原始文件。"),
    "no-seal": ("没有电子签章", "文件里没有电子签名。画面上即使有红色印章，也只是图片，人人都能画。"),
    "broken": ("签章无效", "盖章之后文件的内容被改动过，或者签章是从别的文件搬来的。请勿采信。"),
    "untrusted": ("签章不可信", "签章所用的证书不是本平台信任的机构签发的，不能确认是谁盖的章。请勿采信。"),
    "timestamp": (
        "时间戳无效",
        "签章所附的时间戳不属于这枚签章，或者不是本平台信任的时间戳机构签发的，不能确认盖章时间。请勿采信。",
    ),
    "revoked": ("签章不可信", "盖章时，签章证书已被吊销。请勿采信。"),
    "changed-later": ("盖章后被追加内容", "盖章之后文件又被写入内容，您看到的可能不是盖章时的样子。请勿采信。"),
}


def judge(report: SealReport, *, issued: bool, revoked: bool = False) -> tuple[Verdict, list[Finding]]:
    """Return the verdict on a file and how it came about.

    Args:
        issued: the log holds a use of a seal on exactly these bytes.
        revoked: a certificate in it had been revoked before.
    """
    problems = (*report.problems, *(("revoked",) if revoked else ()))
    if problems:
        title, words = _REFUSED[problems[0]]
        return Verdict("refused", "bad", title, words), _findings(report, problems, issued)
    who = report.seals[0].signer
    if not issued:
        words = f"签章本身有效：由{who}加盖，之后没有改动。但公开账本里没有这份文件，它不是本平台发出的。"
        return Verdict("sealed", "warn", "签章有效，但不是本平台发出的文件", words), _findings(report, (), issued)
    words = f"由{who}加盖电子签章，盖章之后一个字节都没有改动，公开账本记载的就是这份文件。"
    return Verdict("original", "ok", "是原件", words), _findings(report, (), issued)


def _findings(report: SealReport, problems: tuple[str, ...], issued: bool) -> list[Finding]:
    if not report.seals:
        return []
    broken, later = "broken" in problems, "changed-later" in problems
    bad_chain = "untrusted" in problems or "revoked" in problems
    whole = report.seals[-1].whole
    found = [
        Finding("bad", "内容与盖章时不一致") if broken else Finding("ok", "被签名的内容完整", "签名与内容的摘要一致"),
        Finding("ok", "签名覆盖整个文件", "直到最后一个字节")
        if whole
        else Finding("bad", "签名没有覆盖整个文件", "盖章之后又写入了内容"),
    ]
    if not broken:
        found.append(
            Finding("bad", "盖章之后有改动") if later else Finding("ok", "盖章之后没有改动", "没有追加的修订版本")
        )
        found.append(
            Finding("bad", "证书不可信", "不是受信任机构签发，或当时已吊销")
            if bad_chain
            else Finding("ok", "证书可信", "签发机构在本平台的信任文件之中")
        )
    found.append(_stamp(report.seals[-1]))
    found.append(
        Finding("ok", "公开账本记载了这份文件", "文件指纹逐位一致")
        if issued
        else Finding("warn", "公开账本没有记载这份文件", "不是本平台发出的，或者已被改动")
    )
    return found


def _stamp(seal: Seal) -> Finding:
    if seal.stamp == "bad":
        return Finding("bad", "时间戳无效", "不属于这枚签章，或者不是受信任的时间戳机构签发")
    if seal.stamped_at is None:
        return Finding("info", "签章没有时间戳", "盖章时间是盖章人所称，以公开账本记载的时间为准")
    when = f"{moment(seal.stamped_at)}（北京时间）之前已经盖章"
    if seal.stamp == "demo":
        return Finding("ok", f"时间戳有效：{when}", f"由{seal.stamped_by}签发：演示机构，没有外部机构为这个时间作证")
    return Finding("ok", f"时间戳有效：{when}", f"由时间戳机构 {seal.stamped_by} 签发")
