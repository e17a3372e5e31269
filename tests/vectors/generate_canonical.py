"""Writes tests/vectors/canonical.json: byte strings with the verdict on each, for every half that reads canonical JSON.

Run from the root of the repository: python tests/vectors/generate_canonical.py
The verdicts are written by hand from RFC 8785 and docs/spec/canonical.md; nothing is computed.
"""

import json
from pathlib import Path
from typing import Any

TARGET = Path(__file__).with_name("canonical.json")

ACCEPTED = [
    "null", "true", "false", "0", "-1", "9007199254740991", "-9007199254740991", '""', "[]", "{}",
    '{"":0}', '[[],{},[null]]', '{"a":{"b":[1,"2",null]}}', '"\\u0000\\u001f\\b\\t\\n\\f\\r\\"\\\\/"',
    '"\x7f\u2028\u2029"',
    '"价格 1234567.89 元"', '"😀"', '{"1":"One","</script>":1,"\x80":2,"ö":3,"€":4,"😀":5,"\ufb33":6}',
    "[" * 128 + "]" * 128,
]  # fmt: skip
NOT_CANONICAL = [
    "-0", "1.0", "0.5", "1e3", "1E3", "9007199254740992", "-9007199254740992", "123456789012345678901234567890",
    ' {}', '{} ', '{"a": 1}', '{"a":1,"a":1}', '{"a":1,"a":2}', '{"b":1,"a":1}', '"\\u0061"', '"\\/"', '"\\u000A"',
    '"\\u000a"',
    '"\\u001F"', '"\\ud83d\\ude00"', '"\\ud800"', '{"\\udfff":1}', '{"\ufb33":1,"😀":1}', "[" * 129 + "]" * 129,
]  # fmt: skip
NOT_JSON = ["", "{", "[1,]", "01", "'a'", "NaN", "Infinity", "1 2", '"\n"', "\ufeff1", "undefined"]
NOT_UTF8 = [b'"\xff"', b'"\xed\xa0\x80"', b'"\xc0\x80"', b'"\xf5\x80\x80\x80"']


def document() -> dict[str, Any]:
    rows = [(text.encode(), "valid", None) for text in ACCEPTED]
    rows += [(text.encode(), "invalid", "not-canonical") for text in NOT_CANONICAL]
    rows += [(text.encode(), "invalid", "not-json") for text in NOT_JSON]
    rows += [(data, "invalid", "not-json") for data in NOT_UTF8]
    return {
        "source": "written by hand from RFC 8785 and docs/spec/canonical.md; tests/vectors/generate_canonical.py",
        "licence": "as this repository",
        "cases": [{"hex": data.hex(), "flag": flag, "code": code} for data, flag, code in rows],
    }


if __name__ == "__main__":
    TARGET.write_text(json.dumps(document(), indent=1) + "\n")
