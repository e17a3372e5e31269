import itertools
import signal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.crypto import combine32, split32
from kernel.crypto.errors import ShareError

SECRET = bytes(range(32))
thresholds = st.integers(2, 16).flatmap(lambda n: st.tuples(st.integers(2, n), st.just(n)))


def multiply(a, b):
    """In GF(2^128) modulo x^128 + x^7 + x^2 + x + 1, written down independently of the library."""
    product = 0
    for bit in range(128):
        if b >> bit & 1:
            product ^= a << bit
    for bit in range(255, 127, -1):
        if product >> bit & 1:
            product ^= (1 << 128 | 0x87) << bit - 128
    return product


def inverse(a):
    result, power = 1, a
    for _ in range(127):
        power = multiply(power, power)
        result = multiply(result, power)
    return result


def interpolate(points):
    """The value at zero of the polynomial through the points (Lagrange)."""
    total = 0
    for i, value in points:
        weight = 1
        for j, _ in points:
            if j != i:
                weight = multiply(weight, multiply(j, inverse(i ^ j)))
        total ^= multiply(value, weight)
    return total


def half(shares, start):
    return interpolate([(i, int.from_bytes(share[start : start + 16], "big")) for i, share in shares])


@given(st.binary(min_size=32, max_size=32), thresholds, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_any_k_shares_give_the_secret_back(secret, sizes, random):
    k, n = sizes
    shares = split32(secret, k, n)

    assert [i for i, _ in shares] == list(range(1, n + 1))
    assert all(len(share) == 32 for _, share in shares)
    assert combine32(random.sample(shares, k), k) == secret


def test_the_field_is_the_one_the_specification_names():
    shares = split32(SECRET, 3, 5)

    for chosen in itertools.combinations(shares, 3):
        assert half(chosen, 0).to_bytes(16, "big") + half(chosen, 16).to_bytes(16, "big") == SECRET


def test_the_halves_are_shared_independently():
    shares = split32(bytes(32), 2, 3)

    assert all(share[:16] != share[16:] for _, share in shares)


def test_fewer_shares_fit_every_secret():
    # Two of three shares leave the secret open: whatever it is, a third share exists that leads to it.
    shares = split32(SECRET, 3, 3)[:2]
    for wanted in (0, 1, 2**128 - 1):
        needed = wanted ^ interpolate_without(shares, 3)
        third = multiply(needed, inverse(weight_at_zero(3, (1, 2))))

        assert interpolate([*((i, int.from_bytes(s[:16], "big")) for i, s in shares), (3, third)]) == wanted


def weight_at_zero(i, others):
    weight = 1
    for j in others:
        weight = multiply(weight, multiply(j, inverse(i ^ j)))
    return weight


def interpolate_without(shares, extra):
    total = 0
    for i, share in shares:
        others = [j for j, _ in shares if j != i] + [extra]
        total ^= multiply(int.from_bytes(share[:16], "big"), weight_at_zero(i, others))
    return total


def code_of(shares, k):
    with pytest.raises(ShareError) as refusal:
        combine32(shares, k)
    return refusal.value.code


@pytest.fixture(autouse=True)
def _alarm():
    """Unchecked, a negative index never returns; here a call that never returns is ended after two minutes."""

    def ring(*_):
        raise TimeoutError("the call did not return")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(120)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("index", [-1, 0, 17, 2**128, 2**128 + 1, -(2**128), True, False, "1", 1.0, None, b"\x01"])
def test_an_index_is_an_integer_from_1_to_16(index):
    assert code_of([(index, SECRET), (2, SECRET)], 2) == "share-index"
    assert code_of([(2, SECRET), (index, SECRET)], 2) == "share-index"


@pytest.mark.parametrize("share", [b"", SECRET[:31], SECRET + b"\x00", "x" * 32, None, 5, bytearray(32)])
def test_a_share_has_32_bytes(share):
    assert code_of([(1, SECRET), (2, share)], 2) == "share-length"


@pytest.mark.parametrize("pair", [(), (1,), (1, SECRET, 3), None, "ab", 5])
def test_a_share_is_a_pair(pair):
    assert code_of([pair], 2) == "share-index"


def test_shares_are_distinct_and_exactly_k():
    shares = split32(SECRET, 3, 5)

    assert code_of([shares[0], shares[0], shares[1]], 3) == "share-duplicate"
    assert code_of(shares[:2], 3) == "share-count"
    assert code_of(shares[:4], 3) == "share-count"
    assert code_of([], 2) == "share-count"


@pytest.mark.parametrize("k", [1, 0, -1, 17, True, "2", None, 2.0])
def test_k_is_at_least_two(k):
    shares = split32(SECRET, 2, 3)

    assert code_of(shares[:1], k) == "threshold"


@pytest.mark.parametrize("k, n", [(1, 3), (0, 0), (4, 3), (2, 17), (-1, 3), (True, 3), (2, True), ("2", 3), (None, 5)])
def test_thresholds_out_of_bounds_are_not_split(k, n):
    with pytest.raises(ShareError) as refusal:
        split32(SECRET, k, n)
    assert refusal.value.code == "threshold"


@pytest.mark.parametrize("secret", [b"", SECRET[:16], SECRET + b"\x00", "x" * 32, None])
def test_a_secret_has_32_bytes(secret):
    with pytest.raises(ShareError) as refusal:
        split32(secret, 2, 3)
    assert refusal.value.code == "share-length"


def test_every_split_is_another():
    assert split32(SECRET, 2, 3) != split32(SECRET, 2, 3)
