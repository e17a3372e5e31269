"""The steps of a draw in plain words: what is done, what comes, on whom it waits until when."""

from collections.abc import Mapping
from datetime import datetime

from kernel.canonical import parse_time
from kernel.clock import SHANGHAI
from kernel.drawbook.standing import Phase, Standing

_ORDER = (Phase.COMMIT, Phase.CLOSE, Phase.ESCROW, Phase.BEACON, Phase.REVEAL, Phase.RESULT)
_VOID = {
    "too-few": "按时承诺或托管的贡献方不足",
    "not-revealed": "有贡献方逾期未公开随机数，也未能恢复",
    "escrow-failed": "托管的分片与承诺不符，或者没有足够的保管方确认",
    "beacon-missing": "公共随机数逾期未经两名见证人登记",
    "reserve-empty": "候补已用尽",
}


def steps_of(standing: Standing, now: datetime) -> list[tuple[str, str, str]]:
    """Return the steps as (state, words, time or progress); state is `done`, `now` or empty."""
    spec, draw = standing.spec, standing.draw
    phase = Phase.REVEAL if standing.phase(now) is Phase.RECOVER else standing.phase(now)
    whole = len(spec.contributors)
    told = {
        Phase.COMMIT: ("各方承诺", f"{len(standing.given)}/{whole}，截至 {_local(spec.commit_by)}"),
        Phase.CLOSE: ("截止承诺", "此后不能加入随机数"),
        Phase.ESCROW: (
            "托管分片",
            f"{len(standing.deliveries)}/{whole}，截至 {_local(spec.escrow.by)}" if spec.escrow else "",
        ),
        Phase.BEACON: ("公共随机数", "、".join(_local(parse_time(one["at"])) for one in spec.beacons)),
        Phase.REVEAL: ("公开随机数", f"{_revealed(standing)}截至 {_local(spec.reveal_by)}"),
        Phase.RESULT: ("抽取结果", _local(draw.drawn_at) if draw.drawn_at else "自动算出，任何人可复算"),
    }
    shown = [
        one for one in _ORDER if (one is not Phase.ESCROW or spec.escrow) and (one is not Phase.BEACON or spec.beacons)
    ]
    at = -1 if phase is Phase.VOID else shown.index(phase)
    steps = [("done", "冻结名录", _local(draw.created_at))]
    for place, one in enumerate(shown):
        over = place < at or (phase is Phase.RESULT and place == at)
        steps.append(("done" if over else "now" if place == at else "", *told[one]))
    return steps


def waiting_of(standing: Standing, now: datetime, names: Mapping[str, str]) -> str:
    """Return on whom the draw waits until when, and what follows; empty once it has its result.

    Args:
        names: of the contributors, by party.
    """
    spec, phase = standing.spec, standing.phase(now)
    if phase is Phase.VOID:
        party = standing.draw.void_party
        blamed = f"，责任方：{names.get(party, party)}" if party else ""
        return f"本次抽取已作废：{_VOID.get(standing.draw.void_reason or '', '')}{blamed}。"
    due = standing.why_void(now)
    if due is not None and phase is not Phase.RESULT:
        return f"{_VOID[due[0]]}，本次抽取应作废后重新进行。"
    who = "、".join(names.get(party, party) for party in standing.awaited(now))
    if phase is Phase.COMMIT:
        return f"等待承诺：{who}，截至 {_local(spec.commit_by)}。"
    if phase is Phase.CLOSE:
        return "承诺即将截止，此后不能再加入任何随机数。"
    if phase is Phase.ESCROW and spec.escrow is not None:
        whom = who or "平台确定最终贡献方"
        return f"等待托管和确认：{whom}，截至 {_local(spec.escrow.by)}；逾期未托管的一方退出，不影响其他方。"
    if phase is Phase.BEACON:
        return _beacon(standing, now)
    if phase is Phase.REVEAL:
        then = "；逾期由其他方用分片恢复，结果不变" if spec.escrow else ""
        return f"等待公开随机数：{who}，截至 {_local(spec.reveal_by)}{then}。"
    if phase is Phase.RECOVER:
        lost = "、".join(names.get(party, party) for party in standing.missing)
        return f"{lost} 逾期未公开随机数，等待其他方交出分片恢复，截至 {_local(spec.recover_by)}。"
    return ""


def _beacon(standing: Standing, now: datetime) -> str:
    for number, beacon in enumerate(standing.spec.beacons):
        at = parse_time(beacon["at"])
        if standing.beacon(number) is None and now < at:
            return f"等待公共随机数产生：{beacon['source']}，{_local(at)}。"
        if standing.beacon(number) is None:
            said = sum(one.beacon == number for one in standing.statements)
            until = _local(standing.spec.beacon_by)
            return f"等待两名见证人登记公共随机数（{beacon['source']}），已登记 {said} 名，截至 {until}；逾期作废。"
    return ""


def _escrow(standing: Standing) -> str:
    spec = standing.spec
    done = f"{len(standing.deliveries)}/{len(spec.contributors)}"
    return f"{done}，截至 {_local(spec.escrow.by)}" if spec.escrow else ""


def _revealed(standing: Standing) -> str:
    final = standing.final
    return f"{len(final) - len(standing.missing)}/{len(final)}，" if standing.values_open else ""


def _local(instant: datetime) -> str:
    return instant.astimezone(SHANGHAI).strftime("%m-%d %H:%M")
