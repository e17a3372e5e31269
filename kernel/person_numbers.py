"""ID numbers and phones as people type them: in standard form, or a word on what is wrong. Pure.

Source: GB 11643-1999.
"""

import re

from kernel.codes import citizen_check_char, citizen_number_valid
from kernel.credit_code import half_width

_MOBILE = re.compile(r"1[3-9]\d{9}")
_LANDLINE = re.compile(r"0\d{2,3}-?\d{7,8}")


def read_id_number(typed: str) -> str:
    """Return an ID number in its standard form.

    Raises:
        ValueError: the text is none; the message says why.
    Source:
        GB 11643-1999
    """
    number = half_width(typed).strip().replace(" ", "")
    number = number[:-1] + "X" if number.endswith("x") else number
    if len(number) == 15 and number.isascii() and number.isdecimal():
        raise ValueError("这是 15 位的旧身份证号码，请填写 18 位公民身份号码。")
    if len(number) != 18:
        raise ValueError(f"公民身份号码为 18 位，您填写了 {len(number)} 位。")
    if not (number[:17].isascii() and number[:17].isdecimal()):
        raise ValueError("公民身份号码前 17 位应为数字，最后一位为数字或 X。")
    if citizen_check_char(number[:17]) != number[17]:
        raise ValueError("公民身份号码的最后一位校验码不符，请核对。")
    if not citizen_number_valid(number):
        raise ValueError("公民身份号码中的出生日期不存在，请核对。")
    return number


def read_phone(typed: str) -> str:
    """Return a phone number of the mainland, mobile or fixed.

    Raises:
        ValueError: the text is none.
    """
    number = half_width(typed).strip().replace(" ", "")
    if not (_MOBILE.fullmatch(number) or _LANDLINE.fullmatch(number)):
        raise ValueError("请填写 11 位手机号码，或带区号的固定电话，例如 0716-2345678。")
    return number
