"""A credit code as a person typed it: what was put right, what is wrong, what it says about the organisation.

`kernel.codes` judges exactly what it is given; verifiers use that. Here a page's input is read: full-width characters,
blanks and lower case are put right *with a notice*, and each fault has a message of its own that says what to do.
Two programs compute the check character: python-stdnum first, then ours.

Source: GB 32100-2015; R-USC-01 to R-USC-05.
"""

from dataclasses import dataclass

from stdnum.cn import uscc as stdnum_uscc
from stdnum.exceptions import ValidationError

from kernel.codes import USCC_ALPHABET, org_code_valid, uscc_valid
from kernel.errors import InvalidInput
from kernel.regions import Region, find_region

#: Characters 1 and 2: the department that registered the organisation, and its class (R-USC-02; GB 32100, table 2).
DEPARTMENTS: dict[str, tuple[str, dict[str, str]]] = {
    "1": ("机构编制", {"1": "机关", "2": "事业单位", "3": "群众团体", "9": "其他"}),
    "2": ("外交", {"1": "外国常驻新闻机构", "9": "其他"}),
    "3": (
        "司法行政",
        {
            "1": "律师执业机构",
            "2": "公证处",
            "3": "基层法律服务所",
            "4": "司法鉴定机构",
            "5": "仲裁委员会",
            "9": "其他",
        },
    ),
    "4": ("文化", {"1": "外国在华文化中心", "9": "其他"}),
    "5": ("民政", {"1": "社会团体", "2": "民办非企业单位", "3": "基金会", "9": "其他"}),
    "6": ("旅游", {"1": "外国旅游部门常驻代表机构", "2": "港澳台旅游部门常驻代表机构", "9": "其他"}),
    "7": ("宗教", {"1": "宗教活动场所", "2": "宗教院校", "9": "其他"}),
    "8": ("工会", {"1": "基层工会", "9": "其他"}),
    "9": ("市场监管", {"1": "企业", "2": "个体工商户", "3": "农民专业合作社"}),
    "A": ("中央军委改革和编制办公室", {"1": "军队事业单位", "9": "其他"}),
    "N": (
        "农业农村",
        {"1": "组级集体经济组织", "2": "村级集体经济组织", "3": "乡镇级集体经济组织", "9": "其他"},
    ),
    "Y": ("其他", {"1": "其他"}),
}
#: Letters that the alphabet leaves out, with the sign they are taken for.
_LOOKS_LIKE = {"I": "数字 1", "O": "数字 0", "S": "数字 5", "V": "字母 U 或 Y", "Z": "数字 2"}


class CreditCodeRefused(InvalidInput):
    """What was typed is no credit code; `reason` names the fault."""

    code = "credit-code"

    def __init__(self, reason: str, message: str, field: str) -> None:
        super().__init__(message, [(field, message)], reason=reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Remark:
    """Something worth saying that refuses nothing."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class CreditCode:
    """A credit code that holds.

    Attributes:
        code: 18 characters, upper case.
        department, kind: who registered the organisation, and as what.
        notices: what was put right on input (`full-width`, `blanks`, `lower-case`).
        warnings: what should be looked at (`county`, `organisation-code`).
    """

    code: str
    department: str
    kind: str
    region: Region
    notices: tuple[Remark, ...]
    warnings: tuple[Remark, ...]


def half_width(text: str) -> str:
    """Return the text with full-width signs of ASCII and the ideographic blank as plain ones."""
    return "".join(
        chr(ord(sign) - 0xFEE0) if "！" <= sign <= "～" else " " if sign == "\u3000" else sign for sign in text
    )


def read_credit_code(typed: str, field: str = "uscc") -> CreditCode:
    """Read a credit code from a form.

    Args:
        field: the form's field, for the message beside it.

    Raises:
        CreditCodeRefused: `reason` is one of `missing`, `old-number`, `too-short`, `too-long`, `letters`, `characters`,
            `region-digits`, `check-digit`, `department`, `class`, `region`; the first that applies.
    Source:
        R-USC-01 to R-USC-05
    """
    code, notices = _put_right(typed)
    _require_form(code, field)
    if not _check_character_holds(code):
        message = f"第 18 位校验码 {code[17]} 与前 17 位不符，请对照营业执照逐位核对。"
        raise CreditCodeRefused("check-digit", message, field)
    return _describe(code, notices, field)


def describe_credit_code(code: str) -> CreditCode:
    """Return what a code on record says; remarks only, no refusal for structure or region.

    Args:
        code: 18 characters on record, for which `uscc_valid` held.
    """
    department, kinds = DEPARTMENTS.get(code[0], ("", {}))
    region = find_region(code[2:8])
    return CreditCode(code, department, kinds.get(code[1], ""), region, (), _warnings(code, region))


def _put_right(typed: str) -> tuple[str, tuple[Remark, ...]]:
    notices = []
    plain = half_width(typed)
    if plain != typed:
        notices.append(Remark("full-width", "您输入的全角字符已改为半角字符。"))
    code = plain.strip()
    if any(sign in code for sign in " -\t"):
        code = code.replace(" ", "").replace("-", "").replace("\t", "")
        notices.append(Remark("blanks", "代码中的空格和连字符已去掉。"))
    # Only a to z: `str.upper` would turn other letters into something that looks right.
    upper = "".join(sign.upper() if "a" <= sign <= "z" else sign for sign in code)
    if upper != code:
        notices.append(Remark("lower-case", "小写字母已改为大写字母，请核对。"))
    return upper, tuple(notices)


def _require_form(code: str, field: str) -> None:
    def refuse(reason: str, message: str) -> None:
        raise CreditCodeRefused(reason, message, field)

    if not code:
        refuse("missing", "请填写 18 位统一社会信用代码。")
    if len(code) == 15 and code.isascii() and code.isdecimal():
        refuse("old-number", "这是 15 位的旧注册号，不是统一社会信用代码；请填写营业执照上的 18 位代码。")
    if len(code) < 18:
        refuse("too-short", f"统一社会信用代码为 18 位，您填写了 {len(code)} 位，少 {18 - len(code)} 位。")
    if len(code) > 18:
        refuse("too-long", f"统一社会信用代码为 18 位，您填写了 {len(code)} 位，多 {len(code) - 18} 位。")
    for place, sign in enumerate(code, 1):
        if sign in _LOOKS_LIKE:
            hint = f"统一社会信用代码不使用字母 I、O、S、V、Z，请核对是否应为{_LOOKS_LIKE[sign]}。"
            refuse("letters", f"第 {place} 位是字母 {sign}：{hint}")
        if sign not in USCC_ALPHABET:
            refuse("characters", f"第 {place} 位的字符不能用在统一社会信用代码中，只用数字和大写字母。")
    if not code[2:8].isdecimal():
        refuse("region-digits", "第 3 至 8 位是登记机关所在地的行政区划代码，应全部为数字。")


def _check_character_holds(code: str) -> bool:
    # python-stdnum knows no department with a letter (A, N, Y); those codes only we compute.
    if code[:2].isdecimal():
        try:
            stdnum_uscc.validate(code)
        except ValidationError:
            return False
    return uscc_valid(code)


def _describe(code: str, notices: tuple[Remark, ...], field: str) -> CreditCode:
    if code[0] not in DEPARTMENTS:
        raise CreditCodeRefused("department", f"第 1 位 {code[0]} 不是已知的登记管理部门，请核对。", field)
    department, kinds = DEPARTMENTS[code[0]]
    if code[1] not in kinds:
        known = "、".join(f"{sign}（{word}）" for sign, word in kinds.items())
        message = f"第 2 位 {code[1]} 不是{department}部门登记的机构类别，应为 {known}。"
        raise CreditCodeRefused("class", message, field)
    region = find_region(code[2:8])
    if not region.known:
        message = f"第 3 至 8 位 {code[2:8]} 不是已知的省、市行政区划代码，请核对。"
        raise CreditCodeRefused("region", message, field)
    return CreditCode(code, department, kinds[code[1]], region, notices, _warnings(code, region))


def _warnings(code: str, region: Region) -> tuple[Remark, ...]:
    found = []
    if region.known and not region.county_known:
        message = f"行政区划代码 {region.code} 属于{region.words}，但没有查到这个县级代码，请核对。"
        found.append(Remark("county", message))
    if not org_code_valid(code[8:17]):
        found.append(
            Remark("organisation-code", "第 9 至 17 位主体标识码的校验与旧标准不符，少数真实代码如此，请核对。")
        )
    return tuple(found)
