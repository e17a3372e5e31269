"""Samples of the pages of consortia, and of the check of parts without names."""

from portal.samples.common import BIDDER, BIDDERS, DEADLINE, EMPTY_FORM, NUMBER, TITLE, Row, at, digest

_WAITS, _YES, _NO = ("warn", "待答复"), ("ok", "已签名同意"), ("bad", "不同意")


def _member(place: int, state: tuple[str, str], share: str, work: str, **changes: object) -> Row:
    members: dict[str, object] = {
        "name": BIDDERS[place],
        "uscc": ("91610131MA6U8KX03C", "91610113MA6W2JTB5R", "91610132MA6TXP2E8L")[place],
        "share": share,
        "work": work,
        "leads": place == 0,
        "me": place == 0,
        "state": state,
        "reason": "",
        "at": None if state == _WAITS else at("2026-07-30 10:12"),
    }
    return Row(**members | changes)


def _shown(*answers: tuple[str, str], me: int = 0, **changes: object) -> Row:
    work = (("60%", "设备供货、总体集成，对项目总负责"), ("25%", "安装调试"), ("15%", "三年运行维护"))
    members = [
        _member(n, answer, *work[n], me=n == me, reason="份额与协商的不一致" if answer == _NO else "")
        for n, answer in enumerate(answers)
    ]
    done = all(answer == _YES for answer in answers)
    values: dict[str, object] = {
        "id": "01J2Q8",
        "name": f"{BIDDERS[0]}（牵头人）、{BIDDERS[1]}、{BIDDERS[2]}联合体",
        "state": ("ok", "全体成员已同意") if done else ("warn", "待成员同意"),
        "members": members,
        "answered": sum(answer == _YES for answer in answers),
        "agreement_href": "/api/v1/consortia/01J2Q8/agreement",
        "agreement_name": "联合体协议.pdf",
        "agreement_size": 284_113,
        "agreement_digest": digest("agreement"),
        "message": "{}",
        "made_at": at("2026-07-29 16:40"),
        "signed": answers[me] == _YES,
        "declined": answers[me] == _NO,
        "ended": False,
    }
    return Row(**values | changes)


def _lead(**changes: object) -> Row:
    values: dict[str, object] = {
        "base": "/b/lots/01J2Q8",
        "title": TITLE,
        "number": NUMBER,
        "lot_no": "001",
        "bidder_name": BIDDERS[0],
        "deadline": DEADLINE,
        "accepts": True,
        "open": True,
        "in_force": False,
        "closed_text": "投标已截止，联合体不能再组成或者变更。",
        "joined": True,
        "led": None,
        "asked": [],
        "rows": 6,
        "form": EMPTY_FORM,
    }
    return Row(**values | changes)


def _consent(shown: Row, **changes: object) -> Row:
    values: dict[str, object] = {
        "title": TITLE,
        "number": NUMBER,
        "lot_no": "001",
        "bidder_name": BIDDERS[1],
        "deadline": DEADLINE,
        "leader": BIDDERS[0],
        "leads": False,
        "lead_href": "/b/lots/01J2Q8/consortium",
        "open": True,
        "shown": shown,
        "form": EMPTY_FORM,
    }
    return Row(**values | changes)


_FAULTY = Row(
    values={
        "share_0": "60",
        "work_0": "总体集成",
        "name_1": BIDDERS[1],
        "uscc_1": "91610113MA6W2JTB5R",
        "share_1": "30",
    },
    errors={
        "work_1": "请写明承担的工作和义务，2 至 500 个字。",
        "file": "请上传各方盖章的联合体协议，PDF 格式，不超过 20 MB。",
    },
)
_PAGES: dict[str, dict[str, Row]] = {
    "bidding/consortium.html": {
        "": _lead(led=_shown(_YES, _YES, _WAITS)),
        "first": _lead(),
        "sign": _lead(led=_shown(_WAITS, _WAITS, _WAITS)),
        "declined": _lead(led=_shown(_YES, _YES, _NO)),
        "complete": _lead(led=_shown(_YES, _YES, _YES)),
        "sent": _lead(led=_shown(_YES, _YES, _YES), in_force=True),
        "faulty": _lead(form=_FAULTY),
        "asked": _lead(asked=[(BIDDERS[2], "/b/consortia/01J2Q8", _WAITS)]),
        "alone": _lead(in_force=True),
        "closed": _lead(open=False),
        "none": _lead(accepts=False, open=False),
    },
    "bidding/consent.html": {
        "": _consent(_shown(_YES, _WAITS, _WAITS, me=1)),
        "signed": _consent(_shown(_YES, _YES, _WAITS, me=1)),
        "declined": _consent(_shown(_YES, _NO, _WAITS, me=1)),
        "ended": _consent(_shown(_YES, _WAITS, _WAITS, me=1, ended=True, state=("mute", "已终止或已变更")), open=False),
        "late": _consent(_shown(_YES, _WAITS, _WAITS, me=1), open=False),
        "leader": _consent(_shown(_YES, _YES, _YES), leads=True),
    },
    "bidding/consortia.html": {
        "": Row(
            rows=[
                (
                    f"{TITLE} 标段 001",
                    _shown(_YES, _YES).name,
                    "/b/consortia/01J2Q8",
                    _WAITS,
                    ("warn", "待成员同意"),
                    False,
                ),
                (
                    f"{TITLE} 标段 002",
                    _shown(_YES, _YES).name,
                    "/b/consortia/01J2Q9",
                    _YES,
                    ("ok", "全体成员已同意"),
                    True,
                ),
            ]
        ),
        "empty": Row(rows=[]),
    },
}

_PAGES["bidding/blind.html"] = {
    "": Row(
        base="/b/lots/01J2Q8",
        title=TITLE,
        number=NUMBER,
        lot_no="001",
        deadline=DEADLINE,
        bidder_name=BIDDERS[0],
        identity='{"name": "西安云枢信息技术有限公司", "uscc": "91610131MA6U8KX03C"}',
        uscc="91610131MA6U8KX03C",
        person="王守正",
        address="西安市高新区科技路 1 号",
        limits="图片和扫描页里的文字、印章、水印无法检查，请自行确认。",
    )
}

SAMPLES = {name: {key: {"user": BIDDER, "page": page} for key, page in kinds.items()} for name, kinds in _PAGES.items()}
