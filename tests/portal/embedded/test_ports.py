"""Ports: a taken one is passed over."""

import socket

from portal.embedded.ports import FIRST, find_free, is_answering, is_free


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
