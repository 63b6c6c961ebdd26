"""Inputs that nobody would write: real ones, changed; and others made by a grammar that knows where parsers stumble.

Everything comes from a seeded generator, so that a failure can be had again by its number.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from random import Random

NASTY = [
    b"\r\n", b"\r", b"\n", b"\n\n", b"\n\n\n", b"\x00", b"\t", b" ", b"  ", b"=", b"==", b"", b"+5", b"-0", b"-1",
    b"007", b"00", b"1e3", b"0x10", b"4_2", b"5.0", b"9" * 15, b"9" * 16, b"9" * 400, b"18446744073709551616",
    "\u0664\u0662".encode(), "\uff15".encode(), "\u00b2".encode(), "\u2014".encode(), "\u2013".encode(),
    "\u2212".encode(), b"-", b"--", "\u00a0".encode(), "\u200b".encode(), "\ufeff".encode(), "\u2028".encode(),
    b"\xff", b"\xc0\x80",
    b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"-_", b"AAAA", b"A" * 43 + b"=", b"A" * 42 + b"B=", b"index ", b"extra ",
    b"{", b"}", b'"', b"\\", b"\\u0041", b'{"v":1}', b"[" * 300, b"null", b"%00", b"..", b"/",
    b"c2sp.org/tlog-proof@v1\n", b"x" * 3000, b"\x00\x6d", b"\x00\x00", b"\xff\xff",
]  # fmt: skip


def changed(random: Random, data: bytes, others: list[bytes]) -> bytes:
    """Return `data` with one to three changes of different kinds; now and then it comes out as it was."""
    for _ in range(random.randint(1, 3)):
        data = random.choice(CHANGES)(random, data, others)
    return data


def _flip(random: Random, data: bytes, others: list[bytes]) -> bytes:
    if not data:
        return data
    at = random.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << random.randrange(8))]) + data[at + 1 :]


def _cut(random: Random, data: bytes, others: list[bytes]) -> bytes:
    start, end = sorted(random.randint(0, len(data)) for _ in range(2))
    return data[:start] + data[end:]


def _end_early(random: Random, data: bytes, others: list[bytes]) -> bytes:
    return data[: random.randint(0, len(data))]


def _insert(random: Random, data: bytes, others: list[bytes]) -> bytes:
    at = random.randint(0, len(data))
    return data[:at] + random.choice(NASTY) + data[at:]


def _overwrite(random: Random, data: bytes, others: list[bytes]) -> bytes:
    nasty = random.choice(NASTY)
    at = random.randint(0, len(data))
    return data[:at] + nasty + data[at + len(nasty) :]


def _splice(random: Random, data: bytes, others: list[bytes]) -> bytes:
    other = random.choice(others)
    return data[: random.randint(0, len(data))] + other[random.randint(0, len(other)) :]


def _lines(random: Random, data: bytes, others: list[bytes]) -> bytes:
    lines = data.split(b"\n")
    first, second = random.randrange(len(lines)), random.randrange(len(lines))
    kind = random.randrange(3)
    if kind == 0:
        lines[first], lines[second] = lines[second], lines[first]
    elif kind == 1:
        lines.insert(first, lines[second])
    else:
        lines[first] = random.choice(NASTY)
    return b"\n".join(lines)


def _number(random: Random, data: bytes, others: list[bytes]) -> bytes:
    places = [at for at, byte in enumerate(data) if 48 <= byte <= 57]
    if not places:
        return data
    at = random.choice(places)
    return data[:at] + str(random.choice([0, 1, 2, 9, 10, 99, 10**15])).encode() + data[at + 1 :]


def _swap_bytes(random: Random, data: bytes, others: list[bytes]) -> bytes:
    if len(data) < 64:
        return data
    size = random.choice([1, 2, 4, 32, 44, 111])
    first, second = random.randrange(len(data)), random.randrange(len(data))
    first, second = min(first, second), max(first, second)
    if first + size > second or second + size > len(data):
        return data
    one, two = data[first : first + size], data[second : second + size]
    return data[:first] + two + data[first + size : second] + one + data[second + size :]


CHANGES: list[Callable[[Random, bytes, list[bytes]], bytes]] = [
    _flip, _flip, _cut, _end_early, _insert, _overwrite, _splice, _lines, _number, _swap_bytes,
]  # fmt: skip


# ---- by grammar ---------------------------------------------------------------------------------------------


def number(random: Random) -> bytes:
    good = str(random.choice([0, 1, 5, 255, 256, 300, 10**6, random.randrange(10**15)])).encode()
    return random.choice(
        [good, good, good, b"0" + good, b"+" + good, b"-" + good, good + b" ", random.choice(NASTY)]
    )


def base64(random: Random) -> bytes:
    good = b64encode(random.randbytes(random.choice([0, 4, 31, 32, 32, 32, 33, 64, 68])))
    return random.choice(
        [good, good, good, good.rstrip(b"="), good + b"=", good.replace(b"A", b"-"), good[:-1]]
    )


def name(random: Random) -> bytes:
    return random.choice(
        [b"ledger.example/test", b"a", b"", b"a b", b"a+b", "\u00e9".encode(), random.choice(NASTY)]
    )


def note(random: Random) -> bytes:
    """Something like a signed checkpoint."""
    end = random.choice([b"\n", b"\n", b"\n", b"\r\n", b""])
    lines = [name(random), number(random), base64(random)]
    lines += [random.choice(NASTY) for _ in range(random.choice([0, 0, 0, 1, 3]))]
    dash = random.choice(["\u2014", "\u2014", "\u2014", "-", "\u2013", ""]).encode()
    signatures = [
        b" ".join([dash, name(random), base64(random)]) for _ in range(random.choice([0, 1, 1, 2, 101]))
    ]
    return end.join([*lines, b"", *signatures, b""])


def receipt(random: Random) -> bytes:
    """Something like a .tlog-proof."""
    extra = b64encode(
        random.choice([b"{}", b"[]", b'{"v":1}', b'{"entry":"e30=","v":1}', random.choice(NASTY)])
    )
    lines = [
        random.choice([b"c2sp.org/tlog-proof@v1"] * 4 + [b"c2sp.org/tlog-proof@v2", b""]),
        *random.choice([[], [b"extra " + extra], [b"extra " + base64(random)]]),
        b"index " + number(random),
        *[base64(random) for _ in range(random.choice([0, 1, 2, 20, 64, 200]))],
        b"",
    ]
    return b"\n".join(lines) + b"\n" + note(random)


def path(random: Random) -> str:
    """Something like the path of a tile."""
    level = random.choice(
        ["0", "1", "2", "63", "entries", "data", "64", "00", "8/0", "-1", "+1", "", "\u0660", "x001"]
    )
    index = random.choice(
        ["000", "001", "x001/000", "x001/x234/067", "x000/000", "0", "0000", "000/", "", "..", "%2e%2e"]
    )
    end = random.choice(
        ["", "", ".p/1", ".p/44", ".p/255", ".p/0", ".p/256", ".p/01", ".p/", ".p", ".P/1", "\x00", "?"]
    )
    made = f"tile/{level}/{index}{end}"
    if random.random() < 0.4:
        made = changed(random, made.encode(), [b"/../../etc/passwd", b"tile/0/000.p/1"]).decode(
            "utf-8", "replace"
        )
    return made
