"""Parameters of an award method that are drawn in public at the opening, and the values they may take. Pure.

Law: R-PRC-03 (the documents fix the method; drawn values are kept with the record of their draw), 条例 49. A lot keeps
them in `price_method.parameters`, so they are published with the notice and the documents and never change afterwards:

    {"name":"K", "label":"下浮系数", "unit":"", "values":["0.01", …], "basis":"招标文件第三章 2.2", "target":"k"}
    {…, "from":"0.01", "to":"0.05", "step":"0.005", …}     in place of `values`

Decimals are texts and stay exact. `target` says what the value is in the price rule: `k` (floating share),
`method` (one of several formulas), or nothing: then evaluators read it, and no formula takes it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from kernel.errors import InvalidInput

#: Bounds of our own: a draw whose transcript people can still read.
MOST_PARAMETERS: Final = 5
MOST_VALUES: Final = 200
_DECIMAL: Final = re.compile(r"(0|[1-9][0-9]{0,8})(\.[0-9]{1,6})?")
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{0,7}")
_METHODS: Final = ("P-LOW", "P-AVG", "P-TRIM", "P-FLOAT")
_TARGETS: Final = ("k", "method", "")
_COMMON: Final = {"name", "label", "unit", "basis", "target"}
_FIELD: Final = "parameters"


class BadParameter(InvalidInput):
    """A parameter to be drawn cannot mean anything."""

    code = "bad-parameter"


@dataclass(frozen=True, slots=True)
class DrawnParameter:
    """A parameter of the award method, before it is drawn.

    Attributes:
        values: what it may be, each once, in the order of the documents.
        basis: where the documents say so.
        target: `k`, `method` or empty.
    """

    name: str
    label: str
    unit: str
    values: tuple[str, ...]
    basis: str
    target: str

    @property
    def words(self) -> str:
        """Return it in one line."""
        return f"{self.label}（{self.name}）：{'、'.join(self.values)}{self.unit}；依据：{self.basis}"


def parameters_of(price_method: Mapping[str, Any]) -> tuple[DrawnParameter, ...]:
    """Read the parameters that a lot to be registered lets be drawn; none for most lots.

    Raises:
        BadParameter: a member is missing or malformed.
    """
    told = price_method.get("parameters", [])
    if not isinstance(told, list) or len(told) > MOST_PARAMETERS:
        raise _bad(f"随机参数最多 {MOST_PARAMETERS} 个。")
    found = tuple(_read(one) for one in told)
    if len({one.name for one in found}) != len(found) or _twice(found):
        raise _bad("随机参数的代号不能重复，同一用途只能有一个。")
    methods = _methods(price_method, found)
    if any(one.target == "k" for one in found):
        if "P-FLOAT" not in methods or "k" in price_method:
            raise _bad("下浮系数只用于浮动基准价，抽取的不再另行填写。")
    elif "P-FLOAT" in methods and "k" not in price_method:
        raise _bad("浮动基准价须写明下浮系数，或者写明抽取它的全部取值。")
    return found


def published_parameters(price_method: Mapping[str, Any]) -> tuple[DrawnParameter, ...]:
    """Return the parameters of a lot that is registered; a rule without any is none of our business any more."""
    return parameters_of(price_method) if price_method.get("parameters") else ()


def _read(told: Any) -> DrawnParameter:
    if not isinstance(told, dict) or told.keys() not in (_COMMON | {"values"}, _COMMON | {"from", "to", "step"}):
        raise _bad("请写明随机参数的代号、名称、单位、取值和依据。")
    if not all(isinstance(told[name], str) for name in _COMMON):
        raise _bad("随机参数的代号、名称、单位和依据应为文字。")
    if not _NAME.fullmatch(told["name"]) or not told["label"].strip() or not told["basis"].strip():
        raise _bad("随机参数须有字母开头的代号（例如 K）、名称和招标文件依据。")
    if told["target"] not in _TARGETS:
        raise _bad("随机参数的用途不正确。")
    values = tuple(_values(told))
    if not 2 <= len(values) <= MOST_VALUES or len(set(values)) != len(values):
        raise _bad(f"随机参数的取值为 2 至 {MOST_VALUES} 个，不能重复。")
    if told["target"] == "k" and not all(Decimal(value) < 1 for value in values):
        raise _bad("下浮系数应小于 1，例如 0.03。")
    return DrawnParameter(
        told["name"], told["label"].strip(), told["unit"], values, told["basis"].strip(), told["target"]
    )


def _values(told: Mapping[str, Any]) -> Iterator[str]:
    if "values" not in told:
        first, last, step = (_decimal(told[name]) for name in ("from", "to", "step"))
        if step <= 0 or first >= last or (last - first) / step > MOST_VALUES or (last - first) % step:
            raise _bad("取值范围应由小到大，并能被步长整除。")
        yield from (f"{first + step * n:f}" for n in range(int((last - first) / step) + 1))
        return
    if not isinstance(told["values"], list):
        raise _bad("随机参数的取值应为列表。")
    for value in told["values"]:
        if told["target"] == "method":
            if value not in _METHODS:
                raise _bad("价格分计算办法的取值不正确。")
            yield value
        else:
            yield f"{_decimal(value):f}"


def _methods(price_method: Mapping[str, Any], found: tuple[DrawnParameter, ...]) -> set[str]:
    drawn = next((one.values for one in found if one.target == "method"), None)
    return set(drawn or (str(price_method.get("method", "")),))


def _decimal(text: Any) -> Decimal:
    if not isinstance(text, str) or not _DECIMAL.fullmatch(text):
        raise _bad("随机参数的取值应为十进制数，最多六位小数，例如 0.035。")
    return Decimal(text)


def _twice(found: tuple[DrawnParameter, ...]) -> bool:
    targets = [one.target for one in found if one.target]
    return len(set(targets)) != len(targets)


def _bad(message: str) -> BadParameter:
    return BadParameter(message, [(_FIELD, message)])
