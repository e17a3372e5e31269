"""The vectors for other implementations: frozen, what the code gives, refused with the codes they state."""

import json
from pathlib import Path

import pytest

from kernel.draw import DrawError, verify_draw
from kernel.log import LogError, parse_checkpoint, verify_consistency, verify_inclusion, verify_receipt
from tests.vectors.generate_log_draw import VECTORS, changed, text_of
from tests.worlds.log_world import SUITE

FOLDER = Path(__file__).parents[1] / "vectors"
DRAW, LOG, RECEIPT = (json.loads((FOLDER / f"{name}.json").read_text("utf-8")) for name in ("draw", "log", "receipt"))


@pytest.mark.parametrize("name", VECTORS)
def test_the_vectors_are_what_the_code_gives(name: str) -> None:
    assert (FOLDER / name).read_text("utf-8") == text_of(VECTORS[name]())


@pytest.mark.parametrize("number", range(len(DRAW["transcripts"])))
def test_transcript_vectors(number: int) -> None:
    case = DRAW["transcripts"][number]

    assert verify_draw(case["transcript"], case["pool"], case["trust"])
    for invalid in case["invalid"]:
        broken = {name: case[name] for name in ("transcript", "pool")}
        broken[invalid["in"]] = changed(broken[invalid["in"]], invalid["path"], invalid["to"])
        with pytest.raises(DrawError) as caught:
            verify_draw(broken["transcript"], broken["pool"], case["trust"])
        assert caught.value.code == invalid["code"], invalid


def test_log_vectors() -> None:
    leaves, roots = ([bytes.fromhex(text) for text in LOG[name]] for name in ("leaves", "roots"))

    for case in LOG["inclusion"]:
        path = [bytes.fromhex(text) for text in case["path"]]
        assert verify_inclusion(SUITE, leaves[case["index"]], case["index"], case["size"], path, roots[case["size"]])
    for case in LOG["consistency"]:
        path = [bytes.fromhex(text) for text in case["path"]]
        assert verify_consistency(SUITE, case["old"], case["new"], path, roots[case["old"]], roots[case["new"]])
    assert parse_checkpoint(LOG["checkpoint"]["note"], LOG["trust"]).size == LOG["checkpoint"]["size"]
    for case in LOG["invalid"]:
        with pytest.raises(LogError) as caught:
            parse_checkpoint(case["note"], LOG["trust"])
        assert caught.value.code == case["code"]


def test_receipt_vectors() -> None:
    assert verify_receipt(RECEIPT["receipt"], RECEIPT["trust"]).index == 4
    for case in RECEIPT["invalid"]:
        with pytest.raises(LogError) as caught:
            verify_receipt(changed(RECEIPT["receipt"], case["path"], case["to"]), RECEIPT["trust"])
        assert caught.value.code == case["code"]
