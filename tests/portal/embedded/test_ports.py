"""Ports: a taken one is passed over."""

import socket

import pytest

from portal.embedded.ports import FIRST, claim, find_free, is_answering, is_free, listen


def test_a_taken_port_is_passed_over():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]

        assert not is_free(port)
        assert is_answering(port)
        assert find_free(port) != port


def test_a_promised_port_is_passed_over():
    port = find_free(FIRST)

    assert find_free(port, taken=frozenset({port})) > port


def test_the_last_port_of_all_is_no_dead_end():
    assert 0 < find_free(65_535, taken=frozenset({65_535})) < 65_536


def test_a_held_port_cannot_be_taken_and_the_next_one_is_used():
    with listen(FIRST) as first, listen(first.getsockname()[1]) as second:
        assert first.getsockname()[1] != second.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            listen(first.getsockname()[1], exactly=True)


def test_a_claimed_port_is_left_alone_although_nobody_listens_there():
    held = claim(FIRST)
    try:
        assert is_free(held.port)
        assert find_free(held.port) != held.port
        second = claim(held.port)
        second.close()
        assert second.port != held.port
    finally:
        held.close()

    assert find_free(held.port) == held.port
