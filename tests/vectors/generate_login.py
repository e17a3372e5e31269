"""Writes tests/vectors/login.json: one licence login with its authority, frozen.

Run from the root of the repository: python tests/vectors/generate_login.py
Keys are drawn from labels; certificates and the token are signed deterministically, but serial numbers are random, so a
new run makes other certificates. The file is frozen: a verifier must accept it for ever.
"""

import json
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(__file__).with_name("login.json")
sys.path.insert(0, str(ROOT))

from bidding.licence import login_token, session_binding  # noqa: E402
from kernel.canonical import b64u_encode, format_time  # noqa: E402
from kernel.crypto.authority import Holder, create_authority, issue_licence, make_crl  # noqa: E402
from kernel.crypto.keys import load_private  # noqa: E402
from tests.worlds import reference  # noqa: E402

NOW = datetime(2026, 8, 6, 6, 0, tzinfo=UTC)
HOLDER = Holder("91350100M000100Y43", "阳光测试有限公司", "李四", "clerk")


def document() -> dict[str, Any]:
    sign, encrypt = (load_private(reference.pkcs8(reference.p256(f"licence/{use}"))) for use in ("sign", "encrypt"))
    with tempfile.TemporaryDirectory() as folder:
        authority = create_authority(Path(folder), NOW - timedelta(days=365))
        licence = issue_licence(authority, HOLDER, sign.public, encrypt.public, NOW - timedelta(days=30))
        crl = make_crl(authority, NOW - timedelta(hours=1))
    nonce, binding = b64u_encode(reference.drawn("licence/nonce")), session_binding("session of the vector")
    token = login_token(
        sign,
        [licence.sign],
        audience="https://sunlit.example",
        nonce=nonce,
        binding=binding,
        uscc=HOLDER.uscc,
        now=NOW,
    )
    return {
        "source": "made by tests/vectors/generate_login.py; format of docs/spec/licence.md",
        "licence": "as this repository",
        "flag": "valid",
        "now": format_time(NOW),
        "audience": "https://sunlit.example",
        "nonce": nonce,
        "binding": binding,
        "token": token,
        "key": b64u_encode(sign.pkcs8()),
        "claims": {"uscc": HOLDER.uscc, "name": HOLDER.organisation, "person": HOLDER.person, "role": HOLDER.role},
        **{
            name: item.public_bytes(Encoding.PEM).decode()
            for name, item in {
                "root": authority.root,
                "issuing": authority.issuing,
                "sign": licence.sign,
                "encrypt": licence.encrypt,
                "crl": crl,
            }.items()
        },
    }


if __name__ == "__main__":
    TARGET.write_text(json.dumps(document(), indent=1, ensure_ascii=False) + "\n")
