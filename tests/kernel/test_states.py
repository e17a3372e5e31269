"""Tables of moves and the checks on them."""

from enum import StrEnum

import pytest

from kernel.states import Machine, Move, MoveNotAllowed


class Door(StrEnum):
    OPEN = "open"
    SHUT = "shut"
    SEALED = "sealed"
    GONE = "gone"


def move(act: str, from_: Door, to: Door | None) -> Move[Door]:
    return Move(act, from_, to, "keeper", "R-ET-11")


SHUT = move("shut", Door.OPEN, Door.SHUT)
OPEN = move("open", Door.SHUT, Door.OPEN)
SEAL_OPEN = move("seal", Door.OPEN, Door.SEALED)
SEAL_SHUT = move("seal", Door.SHUT, Door.SEALED)
UNSEAL = move("unseal", Door.SEALED, None)
TAKE = move("take", Door.SHUT, Door.GONE)
MOVES = (SHUT, OPEN, SEAL_OPEN, SEAL_SHUT, UNSEAL, TAKE)
MACHINE = Machine(Door, Door.OPEN, [Door.GONE], MOVES)


def test_every_pair_of_act_and_state_moves_or_is_refused():
    for act in {known.act for known in MOVES}:
        for state in Door:
            known = [m for m in MOVES if (m.act, m.from_) == (act, state)]
            if known:
                assert MACHINE.move(act, state) is known[0]
            else:
                with pytest.raises(MoveNotAllowed):
                    MACHINE.move(act, state)


def test_a_suspension_leads_back_to_where_it_began():
    assert MACHINE.target("shut", Door.OPEN) is Door.SHUT
    assert MACHINE.target("unseal", Door.SEALED, came_from=Door.SHUT) is Door.SHUT
    with pytest.raises(MoveNotAllowed):
        MACHINE.target("unseal", Door.SEALED)
    with pytest.raises(MoveNotAllowed):
        MACHINE.target("unseal", Door.SEALED, came_from=Door.GONE)


def test_open_acts_are_listed_in_table_order():
    assert MACHINE.acts_from(Door.SHUT) == (OPEN, SEAL_SHUT, TAKE)
    assert MACHINE.acts_from(Door.GONE) == ()


@pytest.mark.parametrize(
    ("moves", "fault"),
    [
        pytest.param((*MOVES, move("shut", Door.OPEN, Door.GONE)), "two moves", id="double"),
        pytest.param((SHUT, OPEN, TAKE), "sealed cannot be reached", id="unreachable"),
        pytest.param((SHUT, OPEN, SEAL_SHUT, TAKE), "sealed is a dead end", id="dead end"),
        pytest.param((*MOVES, move("return", Door.GONE, Door.SHUT)), "has a way out", id="out of the end"),
    ],
)
def test_faulty_tables_are_refused(moves, fault):
    with pytest.raises(ValueError, match=fault):
        Machine(Door, Door.OPEN, [Door.GONE], moves)


def test_the_diagram_shows_every_move():
    drawn = MACHINE.diagram()

    assert drawn.startswith("stateDiagram-v2\n    [*] --> open\n")
    assert "    sealed --> open: unseal\n    sealed --> shut: unseal\n" in drawn
    assert drawn.endswith("    gone --> [*]\n")
