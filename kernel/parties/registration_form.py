"""What an organisation tells the platform once, step by step: which fields, which documents, what is missing.

Pure: it judges what was typed, all at once. What the licence says is not asked again (R-LIC-02).

Source: R-LIC-10, R-AGT-05.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from kernel.credit_code import half_width
from kernel.person_numbers import read_id_number, read_phone

#: Documents: kind, name, whether registration needs it, what it is for.
DOCUMENTS: tuple[tuple[str, str, bool, str], ...] = (
    ("bank_proof", "基本存款账户信息", True, "开户银行出具的基本存款账户信息或开户许可证，用于退还保证金"),
    ("authorisation", "法定代表人授权书", False, "联系人不是法定代表人的，可以在此交存"),
    ("qualification", "资质证书", False, "投标时引用，一次交存，各系统通用"),
)
#: Field of step 2, name, step; and the statement of step 3.
PROMISE = "promise"
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s.]{2,}")


@dataclass(frozen=True, slots=True)
class Lack:
    """Something that is missing or wrong: in which step, which field, what to do."""

    step: int
    field: str
    message: str


@dataclass(frozen=True, slots=True)
class RegistrationForm:
    """A complete registration: everything in its standard form."""

    contact_name: str
    contact_id_number: str
    contact_phone: str
    email: str
    address: str
    postcode: str
    bank_name: str
    bank_account: str


def _text(least: int, most: int, message: str) -> Callable[[str], str]:
    def read(typed: str) -> str:
        plain = " ".join(typed.split())
        if not least <= len(plain) <= most or not plain.isprintable():
            raise ValueError(message)
        return plain

    return read


def _digits(counts: range, message: str) -> Callable[[str], str]:
    def read(typed: str) -> str:
        plain = half_width(typed).replace(" ", "").replace("-", "").strip()
        if not (plain.isascii() and plain.isdecimal() and len(plain) in counts):
            raise ValueError(message)
        return plain

    return read


def _email(typed: str) -> str:
    plain = half_width(typed).strip()
    if len(plain) > 254 or not _EMAIL.fullmatch(plain):
        raise ValueError("请填写电子邮箱，例如 name@example.cn。")
    return plain


#: Each field: its name, how it is read, whether it may be empty.
FIELDS: dict[str, tuple[str, Callable[[str], str], bool]] = {
    "contact_name": ("联系人姓名", _text(2, 40, "请填写联系人姓名，2 至 40 个字。"), False),
    "contact_id_number": ("联系人公民身份号码", read_id_number, True),
    "contact_phone": ("联系电话", read_phone, False),
    "email": ("电子邮箱", _email, True),
    "address": ("办公地址", _text(6, 200, "请填写办公地址，写明省、市、县和门牌。"), False),
    "postcode": ("邮政编码", _digits(range(6, 7), "邮政编码为 6 位数字。"), True),
    "bank_name": ("基本账户开户银行", _text(4, 80, "请填写开户银行全称，写到支行。"), False),
    "bank_account": ("基本账户账号", _digits(range(8, 31), "请填写基本账户账号，8 至 30 位数字。"), False),
}


def read_field(name: str, typed: str) -> str:
    """Return a field in its standard form.

    Raises:
        ValueError: it is missing or wrong; the message says what to do.
    """
    label, read, optional = FIELDS[name]
    if not typed.strip():
        if optional:
            return ""
        raise ValueError(f"请填写{label}。")
    return read(typed)


def find_lacks(values: Mapping[str, str], documents: Collection[str]) -> list[Lack]:
    """Return all that stands between this registration and its completion, in the order of the steps.

    Args:
        values: as typed; absent is empty.
        documents: kinds that were handed in.
    """
    lacks = []
    for name in FIELDS:
        try:
            read_field(name, values.get(name, ""))
        except ValueError as fault:
            lacks.append(Lack(2, name, str(fault)))
    for kind, label, needed, _ in DOCUMENTS:
        if needed and kind not in documents:
            lacks.append(Lack(3, kind, f"请上传{label}。"))
    if values.get(PROMISE) != "yes":
        lacks.append(Lack(3, PROMISE, "请阅读并勾选诚信承诺。"))
    return lacks


def read_form(values: Mapping[str, str]) -> RegistrationForm:
    """Return the form in its standard form; only after `find_lacks` found nothing.

    Raises:
        ValueError: something is missing or wrong after all.
    """
    return RegistrationForm(**{name: read_field(name, values.get(name, "")) for name in FIELDS})
