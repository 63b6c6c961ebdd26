"""Shamir's secret sharing over GF(256): any k of n shares give a secret back, fewer tell nothing at all of it.

The field is that of AES (x^8 + x^4 + x^3 + x + 1, generator 3). Byte by byte, a random polynomial of degree k - 1 has
the secret's byte at 0; share number x has its value at x.

Source: A. Shamir, How to share a secret, CACM 22 (1979).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping

MOST_SHARES = 255


def _tables() -> tuple[bytes, bytes]:
    power, log, value = bytearray(510), bytearray(256), 1
    for exponent in range(255):
        power[exponent] = power[exponent + 255] = value
        log[value] = exponent
        value ^= (value << 1) ^ (0x11B if value & 0x80 else 0)  # times 3
        value &= 0xFF
    return bytes(power), bytes(log)


_POWER, _LOG = _tables()


def multiply(one: int, other: int) -> int:
    """The product of two elements."""
    return _POWER[_LOG[one] + _LOG[other]] if one and other else 0


def divide(one: int, other: int) -> int:
    """The quotient of two elements; `other` is not 0."""
    if other == 0:
        raise ZeroDivisionError("no element is a quotient by 0")
    return _POWER[_LOG[one] + 255 - _LOG[other]] if one else 0


def split(
    secret: bytes, threshold: int, count: int, randomness: Callable[[int], bytes] = secrets.token_bytes
) -> dict[int, bytes]:
    """Return shares 1 to `count`, each as long as the secret; any `threshold` of them give it back."""
    if not 1 <= threshold <= count <= MOST_SHARES:
        raise ValueError("a secret is split in 1 to 255 shares, of which no more are needed than there are")
    higher = [randomness(len(secret)) for _ in range(threshold - 1)]
    return {
        x: bytes(_value_at(x, (byte, *(one[at] for one in higher))) for at, byte in enumerate(secret))
        for x in range(1, count + 1)
    }


def combine(shares: Mapping[int, bytes]) -> bytes:
    """Return what the polynomials through these shares have at 0: the secret, where they are enough and true."""
    if not shares or len({len(share) for share in shares.values()}) != 1 or 0 in shares:
        raise ValueError("shares of one length, numbered from 1")
    weights = {x: _weight(x, shares) for x in shares}
    length = len(next(iter(shares.values())))
    found = bytearray(length)
    for x, share in shares.items():
        for at in range(length):
            found[at] ^= multiply(weights[x], share[at])
    return bytes(found)


def _value_at(x: int, coefficients: tuple[int, ...]) -> int:
    value = 0
    for coefficient in reversed(coefficients):
        value = multiply(value, x) ^ coefficient
    return value


def _weight(x: int, shares: Mapping[int, bytes]) -> int:
    """Lagrange's coefficient of share x at 0; in this field minus is plus, and both are exclusive or."""
    weight = 1
    for other in shares:
        if other != x:
            weight = multiply(weight, divide(other, other ^ x))
    return weight
