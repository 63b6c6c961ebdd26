"""Shamir's sharing: the field, the vectors, and what k - 1 shares tell, which is nothing."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from databeheer.door.keys.shamir import combine, divide, multiply, split


def slowly(one: int, other: int) -> int:
    """The product by the definition: polynomials over GF(2), modulo x^8 + x^4 + x^3 + x + 1."""
    product = 0
    for bit in range(8):
        if other >> bit & 1:
            product ^= one << bit
    for bit in reversed(range(8, 15)):
        if product >> bit & 1:
            product ^= 0x11B << (bit - 8)
    return product


# FIPS 197, 4.2 and 4.2.1; and the inverse of 53 that every account of AES gives.
@pytest.mark.parametrize(
    ("one", "other", "product"),
    [(0x57, 0x83, 0xC1), (0x57, 0x13, 0xFE), (0x57, 0x02, 0xAE), (0x57, 0x10, 0x07), (0x53, 0xCA, 0x01)],
)
def test_products_are_those_of_the_standard(one: int, other: int, product: int) -> None:
    assert multiply(one, other) == multiply(other, one) == slowly(one, other) == product


def test_every_product_is_the_definitions_and_every_quotient_its_inverse() -> None:
    for one in range(256):
        for other in range(256):
            assert multiply(one, other) == slowly(one, other)
            if other:
                assert multiply(divide(one, other), other) == one
    with pytest.raises(ZeroDivisionError):
        divide(1, 0)


def test_a_known_split() -> None:
    """f(x) = 42 + 01 x + 53 x^2, and g(x) = 00 + ff x + 80 x^2, worked out by hand with the products above."""
    higher = iter([b"\x01\xff", b"\x53\x80"])
    shares = split(b"\x42\x00", 3, 4, lambda _: next(higher))
    expected = {
        x: bytes(
            c0 ^ slowly(c1, x) ^ slowly(c2, slowly(x, x))
            for c0, c1, c2 in ((0x42, 0x01, 0x53), (0x00, 0xFF, 0x80))
        )
        for x in range(1, 5)
    }
    assert shares == expected
    assert shares[1] == b"\x10\x7f"  # 42 ^ 01 ^ 53, 00 ^ ff ^ 80
    assert combine({x: shares[x] for x in (1, 2, 4)}) == b"\x42\x00"


@given(
    secret=st.binary(min_size=1, max_size=40),
    counts=st.integers(1, 7).flatmap(lambda n: st.tuples(st.integers(1, n), st.just(n))),
)
def test_any_that_are_enough_give_the_secret_back(secret: bytes, counts: tuple[int, int]) -> None:
    needed, count = counts
    shares = split(secret, needed, count)
    for chosen in combinations(shares, needed):
        assert combine({x: shares[x] for x in chosen}) == secret
    assert combine(shares) == secret  # more than enough does no harm


def test_one_too_few_leaves_every_secret_as_likely() -> None:
    """For each value of the missing share there is one secret, and for each secret one value: nothing is told."""
    shares = split(b"\x42", 3, 3)
    secrets = {combine({1: shares[1], 2: shares[2], 3: bytes([guess])}) for guess in range(256)}
    assert len(secrets) == 256


@given(secret=st.binary(min_size=32, max_size=32), number=st.integers(1, 3), at=st.integers(0, 31))
def test_a_changed_share_changes_the_secret(secret: bytes, number: int, at: int) -> None:
    shares = split(secret, 3, 5)
    share = bytearray(shares[number])
    share[at] ^= 1
    assert combine({x: shares[x] for x in (1, 2, 3)} | {number: bytes(share)}) != secret


@pytest.mark.parametrize(("needed", "count"), [(0, 1), (3, 2), (1, 256), (-1, 3)])
def test_what_is_no_split_is_refused(needed: int, count: int) -> None:
    with pytest.raises(ValueError, match="1 to 255"):
        split(b"secret", needed, count)


@pytest.mark.parametrize("shares", [{}, {0: b"a"}, {1: b"a", 2: b"ab"}])
def test_what_are_no_shares_are_refused(shares: dict[int, bytes]) -> None:
    with pytest.raises(ValueError, match="one length, numbered from 1"):
        combine(shares)
