"""The consortia of a case: every member of each has signed the agreement that the opening named.

The opening's entry in the log tells which bid is a consortium's, by the digest of the agreement, and its members. The
bundle has each member's signature over exactly that agreement; each is held to the licence roots like a submission.

Source: `docs/spec/bundle.md`, "Checks".
"""

from collections.abc import Callable, Mapping
from typing import Any

from bidding.messages import consortium_digest
from kernel.canonical import b64u_encode
from portal.offline.state import SUITE, Case

#: Verifies a member of the bundle and returns its message and whose certificate signed, "" where no root is known.
Read = Callable[[str], tuple[dict[str, Any], str] | None]


def check_consents(case: Case, read: Read) -> None:
    """Check the consents of every consortium that the opening named, and that no other are there."""
    named = {str(line["no"]): line for line in _lines(case) if "consortium" in line}
    given: dict[str, list[str]] = {number: [] for number in named}
    for member in case.bundle.of_kind("consent"):
        number = member.name.split("/")[1] if member.name.startswith("bids/") else ""
        if number in given:
            given[number].append(member.name)
        else:
            case.report.failed("consent-unlogged", case.where(member.name), "开标条目没有列明这一联合体")
    for number, names in given.items():
        _consortium(case, named[number], names, read)


def _lines(case: Case) -> list[Mapping[str, Any]]:
    found = [row.detail.get("bids", []) for row in case.logged("bid.opened") if row.detail is not None]
    return [line for lines in found for line in lines if isinstance(line, Mapping) and "no" in line]


def _consortium(case: Case, line: Mapping[str, Any], names: list[str], read: Read) -> None:
    told = line["consortium"]
    where = case.where(f"bids/{line['no']}")
    members = [(one.get("uscc"), one.get("name"), one.get("share"), one.get("work")) for one in told["members"]]
    signers = []
    for name in names:
        found = read(name)
        if found is None:
            continue
        message, signer = found
        digest = b64u_encode(consortium_digest(SUITE, message)) == told["digest"]
        case.report.require(digest, "consent-logged", case.where(name), "同意书所签的约定就是开标条目列明的那一份")
        listed = [(one["uscc"], one["name"], one["share"], one["work"]) for one in message["members"]]
        same = listed == members and message["leader"] == line.get("uscc")
        case.report.require(same, "consent-members", case.where(name), "约定的牵头人、成员和份额与开标条目一致")
        signers.append(signer)
    if "" in signers:
        case.report.unchecked("consent-signers", where, "信任文件没有执照根证书，未核对是否每个成员各签一份")
        return
    every = sorted(signers) == sorted(str(uscc) for uscc, *_ in members)
    text = f"联合体（{'、'.join(str(name) for _, name, *_ in members)}）的每个成员都已签名同意"
    case.report.require(every, "consent-missing", where, text)
