"""Makes the golden vectors in tests/vectors/ledger: `python -m tests.ledger.make_vectors`.

Deliberately imports nothing of `ledger`: hashes come from the recursive definitions of RFC 6962, notes from the
text of the specification, signatures straight from Ed25519. Most vectors are damaged on purpose and must fail.
The files are what counts; any implementation can read them.
"""

from __future__ import annotations

import gzip
import hmac
import json
import zlib
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from nacl.signing import SigningKey

FILES = Path(__file__).parents[1] / "vectors" / "ledger"
DASH = "\u2014"
Vector = dict[str, Any]


def b64(data: bytes) -> str:
    return b64encode(data).decode()


def leaf(data: bytes) -> bytes:
    return sha256(b"\x00" + data).digest()


def mth(leaves: list[bytes]) -> bytes:
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def split(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def path(m: int, leaves: list[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m: int, leaves: list[bytes], complete: bool) -> list[bytes]:
    if m == len(leaves):
        return [] if complete else [mth(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], complete), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], False), mth(leaves[:k])]


def consistency(m: int, leaves: list[bytes]) -> list[bytes]:
    return [] if m in (0, len(leaves)) else subproof(m, leaves, True)


# ---- proofs ------------------------------------------------------------------------------------------------


def flipped(data: bytes) -> bytes:
    return bytes([data[0] ^ 1]) + data[1:]


def damaged_proofs(proof: list[bytes]) -> Iterator[tuple[str, list[bytes]]]:
    yield "a hash added at the end", [*proof, bytes(32)]
    yield "a hash added in front", [bytes(32), *proof]
    if proof:
        yield "last hash dropped", proof[:-1]
        yield "first hash dropped", proof[1:]
        yield "bit flipped in the first hash", [flipped(proof[0]), *proof[1:]]
        yield "bit flipped in the last hash", [*proof[:-1], flipped(proof[-1])]
        yield "a hash cut short", [proof[0][:-1], *proof[1:]]
        yield "a hash one byte longer", [proof[0] + b"\x00", *proof[1:]]
        yield "a hash twice", [proof[0], *proof]
    if len(proof) > 1 and proof[0] != proof[1]:
        yield "two hashes swapped", [proof[1], proof[0], *proof[2:]]


def inclusion_vectors() -> list[Vector]:
    vectors: list[Vector] = []

    def add(
        desc: str, index: int, size: int, one: bytes, proof: list[bytes], root: bytes, fails: bool
    ) -> None:
        vectors.append(
            {
                "desc": desc, "index": index, "size": size, "leaf": one.hex(),
                "proof": [item.hex() for item in proof], "root": root.hex(), "must_fail": fails,
            }
        )  # fmt: skip

    for index, size in [
        (0, 1),
        (0, 2),
        (1, 2),
        (2, 3),
        (5, 7),
        (6, 7),
        (0, 8),
        (255, 256),
        (256, 257),
        (510, 511),
    ]:
        leaves = [leaf(str(number).encode()) for number in range(size)]
        root, proof, own = mth(leaves), path(index, leaves), leaves[index]
        name = f"entry {index} of {size}"
        add(f"{name}, as it is", index, size, own, proof, root, False)
        for desc, other in damaged_proofs(proof):
            add(f"{name}, {desc}", index, size, own, other, root, True)
        add(f"{name}, index beyond the size", size, size, own, proof, root, True)
        add(f"{name}, index far beyond the size", 2 * size + 1, size, own, proof, root, True)
        add(f"{name}, index negative", index - size, size, own, proof, root, index < size)
        add(f"{name}, size doubled and one more", index, 2 * size + 1, own, proof, root, True)
        add(f"{name}, size zero", index, 0, own, proof, root, True)
        add(f"{name}, size negative", index, -size, own, proof, root, True)
        add(f"{name}, bit flipped in the leaf", index, size, flipped(own), proof, root, True)
        add(f"{name}, bit flipped in the root", index, size, own, proof, flipped(root), True)
        add(f"{name}, leaf cut short", index, size, own[:-1], proof, root, True)
        add(f"{name}, root empty", index, size, own, proof, b"", True)
        add(f"{name}, the root of no entries", index, size, own, proof, mth([]), True)
        if size > 1:
            add(f"{name}, index shifted", index ^ 1, size, own, proof, root, True)
            add(f"{name}, root and leaf swapped", index, size, root, proof, own, True)
            add(f"{name}, another entry's leaf", index, size, leaves[index - 1], proof, root, True)
    return vectors


def consistency_vectors() -> list[Vector]:
    vectors: list[Vector] = []

    def add(desc: str, m: int, n: int, old: bytes, new: bytes, proof: list[bytes], fails: bool) -> None:
        vectors.append(
            {
                "desc": desc, "old_size": m, "new_size": n, "old_root": old.hex(), "new_root": new.hex(),
                "proof": [item.hex() for item in proof], "must_fail": fails,
            }
        )  # fmt: skip

    pairs = [(0, 0), (0, 5), (1, 1), (1, 2), (1, 8), (2, 3), (3, 7), (4, 7), (6, 8), (7, 8), (255, 257), (256, 512),
             (257, 511)]  # fmt: skip
    for m, n in pairs:
        leaves = [leaf(str(number).encode()) for number in range(n)]
        old, new, proof = mth(leaves[:m]), mth(leaves), consistency(m, leaves)
        name = f"{m} to {n}"
        add(f"{name}, as it is", m, n, old, new, proof, False)
        for desc, other in damaged_proofs(proof):
            add(f"{name}, {desc}", m, n, old, new, other, True)
        add(f"{name}, bit flipped in the old root", m, n, flipped(old), new, proof, True)
        add(f"{name}, old root cut short", m, n, old[:-1], new, proof, True)
        add(f"{name}, the new size is smaller", n + 1, n, old, new, proof, True)
        add(f"{name}, old size negative", -1, n, old, new, proof, True)
        if m:
            add(f"{name}, bit flipped in the new root", m, n, old, flipped(new), proof, True)
        if 0 < m < n:
            add(f"{name}, roots swapped", m, n, new, old, proof, True)
            add(f"{name}, the new root for both", m, n, new, new, proof, True)
            add(f"{name}, the old root for both", m, n, old, old, proof, True)
            add(f"{name}, new size doubled and one more", m, 2 * n + 1, old, new, proof, True)
            add(f"{name}, empty proof", m, n, old, new, [], True)
    return vectors


# ---- the worked example ------------------------------------------------------------------------------------

NAME = "ledger.example/dm1"
LOG = SigningKey(bytes(range(32)))
DOOR_NAME = "ledger.example/dm1/door"
DOOR = SigningKey(bytes(range(64, 96)))
WITNESS_NAME = "witness.example/w1"
WITNESS = SigningKey(bytes(range(32, 64)))


def key_id(name: str, key: SigningKey, kind: bytes = b"\x01") -> bytes:
    return sha256(name.encode() + b"\n" + kind + bytes(key.verify_key)).digest()[:4]


def vkey(name: str, key: SigningKey, kind: bytes = b"\x01") -> str:
    return f"{name}+{key_id(name, key, kind).hex()}+{b64(kind + bytes(key.verify_key))}"


def signature(text: str, name: str, key: SigningKey) -> str:
    return f"{DASH} {name} {b64(key_id(name, key) + key.sign(text.encode()).signature)}\n"


def cosignature(text: str, unix: int) -> str:
    signed = WITNESS.sign(f"cosignature/v1\ntime {unix}\n{text}".encode()).signature
    data = key_id(WITNESS_NAME, WITNESS, b"\x04") + unix.to_bytes(8, "big") + signed
    return f"{DASH} {WITNESS_NAME} {b64(data)}\n"


def entry(commitment: bytes, previous: bytes) -> bytes:
    return f'{{"c":"{b64(commitment)}","p":"{b64(previous)}","v":1}}'.encode()


def half(label: bytes, salt: bytes, body: bytes) -> bytes:
    return hmac.digest(salt, label + b"\x00" + body, "sha256")


def worked_example() -> Vector:
    events = [
        ('{"event":"consent.granted","party":"dp-17"}', ['{"counter":1,"subject":"o-1"}']),
        ('{"event":"data.read","party":"dp-17"}', ['{"counter":2,"subject":"o-1"}', '{"counter":1,"subject":"o-2"}',
                                                   '{"counter":1,"subject":"o-3"}']),
        ('{"event":"data.refused","party":"dp-99"}', []),
    ]  # fmt: skip
    previous, entries, leaves = bytes(32), [], []
    for number, (body, subjects) in enumerate(events):
        salt = sha256(f"shared {number}".encode()).digest()
        shared = half(b"ledger/shared/v1", salt, body.encode())
        halves = []
        for place, subject in enumerate(subjects):
            own_salt = sha256(f"subject {number} {place}".encode()).digest()
            own = half(b"ledger/subject/v1", own_salt, subject.encode())
            halves.append({"salt": b64(own_salt), "body": subject, "half": own.hex()})
        subject_root = mth([leaf(bytes.fromhex(one["half"])) for one in halves])
        commitment = sha256(b"ledger/entry/v1\x00" + shared + subject_root).digest()
        data = entry(commitment, previous)
        previous = leaf(data)
        leaves.append(previous)
        entries.append(
            {
                "shared": {"salt": b64(salt), "body": body, "half": shared.hex()},
                "subjects": halves, "subject_root": subject_root.hex(),
                "commitment": commitment.hex(), "entry": data.decode(), "leaf": previous.hex(),
            }
        )  # fmt: skip
    checkpoint = f"{NAME}\n3\n{b64(mth(leaves))}\n"
    note = checkpoint + "\n" + signature(checkpoint, NAME, LOG) + cosignature(checkpoint, 1763683200)
    proof = "".join(f"{b64(one)}\n" for one in path(1, leaves))
    extra = b64(f'{{"entry":"{b64(entries[1]["entry"].encode())}","v":1}}'.encode())
    promise = f"ledger-promise/v1\n{NAME}\n1\n{b64(leaves[1])}\n1763683260\n"
    return {
        "log_seed": bytes(LOG).hex(), "log_vkey": vkey(NAME, LOG),
        "door_seed": bytes(DOOR).hex(), "door_vkey": vkey(DOOR_NAME, DOOR),
        "witness_vkey": vkey(WITNESS_NAME, WITNESS, b"\x04"),
        "entries": entries,
        "roots": [mth(leaves[:size]).hex() for size in range(4)],
        "bundle": b"".join(b"\x00\x6d" + one["entry"].encode() for one in entries).hex(),
        "tile": b"".join(leaves).hex(),
        "checkpoint": note,
        "receipt": f"c2sp.org/tlog-proof@v1\nextra {extra}\nindex 1\n{proof}\n{note}",
        "promise": promise + "\n" + signature(promise, DOOR_NAME, DOOR),
        "subject": b64(SUBJECT), "subject_head": head_note(2, 1, leaves[1]),
    }  # fmt: skip


# ---- notes, checkpoints, entries, paths, receipts ----------------------------------------------------------


def note_vectors() -> list[Vector]:
    text = "If you think cryptography is the answer\n\nto your problem…\n"
    own, other = signature(text, NAME, LOG), signature(text, DOOR_NAME, DOOR)
    good = f"{text}\n{own}"
    data = own.split(" ")[2].rstrip("\n")
    key = vkey(NAME, LOG)

    def line(name: str = NAME, encoded: str = data, dash: str = DASH) -> str:
        return f"{text}\n{dash} {name} {encoded}\n"

    wrong = b64(key_id(NAME, LOG) + LOG.sign(b"another text\n").signature)
    cut = b64(key_id(NAME, LOG) + LOG.sign(text.encode()).signature[:-1])
    over_gap = b64(key_id(NAME, LOG) + LOG.sign((text + "\n").encode()).signature)
    forged = signature(text, "mallory.example/m", SigningKey(bytes(32)))
    same_id = f"{DASH} mallory.example/m {data}\n"
    cases: list[tuple[str, bytes, str, list[str]]] = [
        ("one signature", good.encode(), "ok", [key]),
        ("the text holds an empty line", good.encode(), "ok", [key]),
        ("two keys, two signatures", f"{text}\n{own}{other}".encode(), "ok", [key, vkey(DOOR_NAME, DOOR)]),
        ("an unknown key's line before", f"{text}\n{forged}{own}".encode(), "ok", [key]),
        ("an unknown name with our key ID", f"{text}\n{same_id}{own}".encode(), "ok", [key]),
        ("100 signatures", f"{text}\n{forged * 99}{own}".encode(), "ok", [key]),
        ("our line twice", f"{text}\n{own}{own}".encode(), "ok", [key]),
        ("101 signatures", f"{text}\n{forged * 100}{own}".encode(), "malformed", [key]),
        ("no trusted key", good.encode(), "signature", [vkey(DOOR_NAME, DOOR)]),
        ("no key at all", good.encode(), "signature", []),
        ("only an unknown key's line", f"{text}\n{forged}".encode(), "signature", [key]),
        ("signature over another text", line(encoded=wrong).encode(), "signature", [key]),
        ("signature over the empty line too", line(encoded=over_gap).encode(), "signature", [key]),
        ("signature cut short by a byte", line(encoded=cut).encode(), "signature", [key]),
        ("a bad line of ours beside a good one", (line(encoded=wrong) + own).encode(), "signature", [key]),
        ("one letter of the text changed", good.replace("think", "thinK").encode(), "signature", [key]),
        ("text with one more empty line", good.replace("\n\n", "\n\n\n", 1).encode(), "signature", [key]),
        ("CRLF throughout", good.replace("\n", "\r\n").encode(), "malformed", [key]),
        ("CR before the last LF", (good[:-1] + "\r\n").encode(), "malformed", [key]),
        ("hyphen for the em dash", line(dash="-").encode(), "malformed", [key]),
        ("en dash for the em dash", line(dash="\u2013").encode(), "malformed", [key]),
        ("two hyphens for the em dash", line(dash="--").encode(), "malformed", [key]),
        ("no space after the dash", good.replace(f"{DASH} ", DASH).encode(), "malformed", [key]),
        ("two spaces after the dash", good.replace(f"{DASH} ", f"{DASH}  ").encode(), "malformed", [key]),
        ("a space at the end of the line", (good[:-1] + " \n").encode(), "malformed", [key]),
        ("a tab for a space", good.replace(f"{DASH} ", f"{DASH}\t").encode(), "malformed", [key]),
        ("no line feed at the end", good[:-1].encode(), "malformed", [key]),
        ("missing padding", good.replace("=\n", "\n").encode() if data.endswith("=") else
         line(encoded=b64(b"12345678")[:-1]).encode(), "malformed", [key]),
        ("padding too much", line(encoded=data + "====").encode(), "malformed", [key]),
        ("URL-safe base64", line(encoded="-_" + data[2:]).encode(), "malformed", [key]),
        ("a line feed within the base64", line(encoded=data[:40] + "\n" + data[40:]).encode(), "malformed", [key]),
        ("unused bits set in the base64", line(encoded="AAAAAAB=").encode(), "malformed", [key]),
        ("a signature of four bytes", line(encoded=b64(key_id(NAME, LOG))).encode(), "malformed", [key]),
        ("an empty signature", line(encoded="").encode(), "malformed", [key]),
        ("an empty name", line(name="").encode(), "malformed", [key]),
        ("a plus sign in the name", line(name="a+b").encode(), "malformed", [key]),
        ("a no-break space in the name", line(name="a\u00a0b").encode(), "malformed", [key]),
        ("no signature", f"{text}\n".encode(), "malformed", [key]),
        ("no empty line", (text.replace("\n\n", "\n") + own).encode(), "malformed", [key]),
        ("an empty line behind the signature", (good + "\n").encode(), "malformed", [key]),
        ("nothing at all", b"", "malformed", [key]),
        ("a zero byte in the text", good.replace("think", "th\x00nk").encode(), "malformed", [key]),
        ("a tab in the text", good.replace(" you ", "\tyou ").encode(), "malformed", [key]),
        ("not UTF-8", good.encode().replace(b"think", b"th\xffnk"), "malformed", [key]),
        ("an overlong UTF-8 form", good.encode().replace(b"think", b"th\xc1\xa9nk"), "malformed", [key]),
        ("a surrogate in UTF-8", good.encode().replace(b"think", b"th\xed\xa0\x80nk"), "malformed", [key]),
        ("longer than a megabyte", ("x" * 1_000_001 + "\n").encode() + good.encode(), "malformed", [key]),
    ]  # fmt: skip
    vectors = []
    for desc, note, outcome, keys in cases:
        form = (
            {"note": b64(note)}
            if len(note) < 100_000
            else {"prefix_of_x": 1_000_001, "note": b64(good.encode())}
        )
        vectors.append({"desc": desc, **form, "vkeys": keys, "outcome": outcome})
    return vectors


def vkey_vectors() -> list[Vector]:
    good = vkey(NAME, LOG)
    name, hash_text, data = good.split("+", 2)
    short = b"\x01" + bytes(LOG.verify_key)[:-1]
    short_id = sha256(f"{name}\n".encode() + short).digest()[:4].hex()
    bad = {
        "empty": "",
        "only a name": name,
        "no key": f"{name}+{hash_text}",
        "upper-case hash": f"{name}+{hash_text.upper()}+{data}",
        "hash of seven digits": f"{name}+{hash_text[1:]}+{data}",
        "hash of another key": f"{name}+00000000+{data}",
        "another name with the same hash": f"{name}x+{hash_text}+{data}",
        "an empty name": f"+{hash_text}+{data}",
        "a space in the name": good.replace("/", " "),
        "a space behind": good + " ",
        "a line feed behind": good + "\n",
        "missing padding": good[:-1],
        "base64 damaged": good[:-6] + "*" + good[-5:],
        "a witness's cosignature key": vkey(WITNESS_NAME, WITNESS, b"\x04"),
        "a key of 31 bytes": f"{name}+{short_id}+{b64(short)}",
        "Arabic digits in the hash": f"{name}+\u0660{hash_text[1:]}+{data}",
        "0x in front of the hash": f"{name}+0x{hash_text[2:]}+{data}",
    }
    return [{"desc": "as it is", "vkey": good, "must_fail": False}] + [
        {"desc": desc, "vkey": text, "must_fail": True} for desc, text in bad.items()
    ]


def checkpoint_vectors() -> list[Vector]:
    root = b64(sha256(b"root").digest())
    empty = b64(sha256(b"").digest())

    def text(size: str = "3", root_text: str = root, origin: str = NAME, tail: str = "\n") -> str:
        return f"{origin}\n{size}\n{root_text}{tail}"

    good = {
        "size 3": text(), "size 0": text("0", empty), "largest size": text("9" * 15),
        "an extension line": text(tail="\nextension\n"),
    }  # fmt: skip
    bad = {
        "empty": "", "only an origin": f"{NAME}\n", "no root": f"{NAME}\n3\n", "no last line feed": text(tail=""),
        "CRLF": text().replace("\n", "\r\n"), "an empty origin": text(origin=""),
        "a plus sign in the origin": text(origin="a+b"), "a space in the origin": text(origin="a b"),
        "an empty size": text(""), "size +5": text("+5"), "size -5": text("-5"), "size -0": text("-0"),
        "size 05": text("05"), "size 00": text("00"), "size 4_2": text("4_2"), "size 5.0": text("5.0"),
        "size 5e0": text("5e0"), "size 0x5": text("0x5"), "a space before the size": text(" 5"),
        "a space behind the size": text("5 "), "Arabic digits": text("\u0664\u0662"),
        "full-width digits": text("\uff15"), "superscript two": text("\u00b2"), "sixteen digits": text("1" * 16),
        "four thousand digits": text("9" * 4001), "a root of 31 bytes": text(root_text=b64(bytes(31))),
        "a root of 33 bytes": text(root_text=b64(bytes(33))), "missing padding": text(root_text=root[:-1]),
        "padding twice": text(root_text=root + "="), "unused bits set": text(root_text="A" * 42 + "B="),
        "URL-safe base64": text(root_text="-" + root[1:]), "hexadecimal root": text(root_text="00" * 32),
        "a space behind the root": text(tail=" \n"), "an empty extension line": text(tail="\n\n"),
        "size 0 with another root": text("0"),
    }  # fmt: skip
    return [{"desc": desc, "text": one, "must_fail": False} for desc, one in good.items()] + [
        {"desc": desc, "text": one, "must_fail": True} for desc, one in bad.items()
    ]


def entry_vectors() -> list[Vector]:
    c, p = sha256(b"c").digest(), sha256(b"p").digest()
    good = entry(c, p).decode()
    bad = {
        "empty": "", "an empty object": "{}", "a space behind": good + " ", "a line feed behind": good + "\n",
        "a space in front": " " + good, "a space within": good.replace('":', '": ', 1),
        "one byte short": good[:-1], "members in another order": f'{{"p":"{b64(p)}","c":"{b64(c)}","v":1}}',
        "version 2": good.replace('"v":1', '"v":2'), "version 0": good.replace('"v":1', '"v":0'),
        "version as text": good.replace('"v":1', '"v":"1"'), "version 1.0": good.replace('"v":1', '"v":1.0'),
        "version true": good.replace('"v":1', '"v":true'), "no version": good.replace(',"v":1', ""),
        "a kind": good.replace(',"v"', ',"t":"data.read","v"'), "a member twice": good.replace("{", '{"v":1,'),
        "single quotes": good.replace('"', "'"), "upper-case member": good.replace('"c"', '"C"'),
        "missing padding": good.replace("=", "", 1), "no commitment": good.replace(b64(c), ""),
        "a commitment of 31 bytes": good.replace(b64(c), b64(c[:-1])),
        "a commitment of 33 bytes": good.replace(b64(c), b64(c + b"1")),
        "URL-safe base64": good.replace(b64(c), "-_" + b64(c)[2:]),
        "unused bits set in c": good.replace(b64(c), "A" * 42 + "B="),
        "unused bits set in p": good.replace(b64(p), "A" * 42 + "B="),
        "padding in the middle": good.replace(b64(c), "A" * 41 + "=AA"),
        "two paddings": good.replace(b64(c), b64(c)[:42] + "=="),
        "a letter beyond ASCII": good.replace(b64(c)[:2], "\u00e9", 1),
        "an escape in c": good.replace(b64(c)[:6], "\\u0041", 1),
        "a zero byte in c": good.replace(b64(c)[0], "\x00", 1),
        "CRLF behind": good + "\r\n",
    }  # fmt: skip
    return [
        {"desc": "as it is", "entry": b64(good.encode()), "c": c.hex(), "p": p.hex(), "must_fail": False}
    ] + [{"desc": desc, "entry": b64(text.encode()), "must_fail": True} for desc, text in bad.items()]


def path_vectors() -> list[Vector]:
    good: list[tuple[str, int | None, int, int]] = [
        ("tile/0/000", 0, 0, 256), ("tile/0/999", 0, 999, 256), ("tile/0/x001/000", 0, 1000, 256),
        ("tile/0/x001/x234/067", 0, 1234067, 256), ("tile/0/273.p/112", 0, 273, 112), ("tile/1/001.p/17", 1, 1, 17),
        ("tile/63/000.p/1", 63, 0, 1), ("tile/entries/000.p/3", None, 0, 3),
        ("tile/entries/x001/x234/067.p/255", None, 1234067, 255),
    ]  # fmt: skip
    bad = [
        "", "tile", "tile/0", "tile/0/", "tile/0/0", "tile/0/00", "tile/0/0000", "tile/8/0/000", "tile/data/000",
        "tile/64/000", "tile/00/000", "tile/01/000", "tile/-1/000", "tile/+1/000", "tile/0/000.p/0", "tile/0/000.p/",
        "tile/0/000.p/256", "tile/0/000.p/257",
        "tile/0/000.p/0256", "tile/0/000.p/+5", "tile/07/000", "tile/0/000.p/01", "tile/0/000.p/-1",
        "tile/0/000.p/1000",
        "tile/0/000.p", "tile/0/x000/000", "tile/0/x000/x001/000", "tile/0/001/000", "tile/0/x001", "tile/0/x1/000",
        "tile/0/X001/000", "tile/0/000/", "/tile/0/000", "tile//0/000", "tile/0/000\n", "tile/0/\u0660\u0660\u0660",
        "tile/\u0660/000", "tile/0/../0/000", "tile/entries/../../memory", "tile/0/000.P/1", "tile/entry/000",
        "Tile/0/000", "tile/0/" + "x999/" * 40 + "999", "tile/0/%30%30%30",
    ]  # fmt: skip
    return [
        {"path": path_text, "level": level, "index": index, "width": width, "must_fail": False}
        for path_text, level, index, width in good
    ] + [{"path": path_text, "must_fail": True} for path_text in bad]


def receipt_vectors() -> list[Vector]:
    example = worked_example()
    good: str = example["receipt"]
    lines = good.split("\n")
    extra, index, proof = lines[1], lines[2], lines[3:5]
    entries = [one["entry"].encode() for one in example["entries"]]
    other_extra = "extra " + b64(f'{{"entry":"{b64(entries[0])}","v":1}}'.encode())
    head = "\n".join(lines[:5]) + "\n"
    without = good.replace(f"{extra}\n", "")
    older = f"{NAME}\n2\n{b64(bytes.fromhex(example['roots'][2]))}\n"
    older_note = older + "\n" + signature(older, NAME, LOG)
    stranger = SigningKey(bytes(range(200, 232)))
    text = "\n".join(good.split("\n\n")[1].split("\n")) + "\n"
    forged = head + "\n" + text + "\n" + signature(text, NAME, stranger)
    foreign = head + "\n" + text + "\n" + signature(text, DOOR_NAME, DOOR)
    opening = (
        '{"shared":{"body":"e30=","salt":"'
        + b64(bytes(32))
        + '"},"subject_root":"'
        + b64(bytes(32))
        + '","v":1}'
    )
    wrong_opening = b64(f'{{"entry":"{b64(entries[1])}","opening":{opening},"v":1}}'.encode())

    def with_extra(value: bytes) -> str:
        return good.replace(extra, "extra " + b64(value))

    cases: list[tuple[str, str, str]] = [
        ("as it is", good, "ok"),
        ("another entry in the extra", good.replace(extra, other_extra), "proof"),
        ("index of another entry", good.replace(index, "index 0"), "proof"),
        ("index beyond the size", good.replace(index, "index 3"), "proof"),
        ("index far beyond the size", good.replace(index, "index 999999999999999"), "proof"),
        ("an older checkpoint under the proof", head + "\n" + older_note, "proof"),
        ("proof hashes swapped", good.replace("\n".join(proof), "\n".join(proof[::-1])), "proof"),
        ("proof hash dropped", good.replace(proof[1] + "\n", ""), "proof"),
        ("proof hash added", good.replace(proof[1], f"{proof[1]}\n{proof[1]}"), "proof"),
        ("proof empty", good.replace("\n".join(proof) + "\n", ""), "proof"),
        ("the opening of something else", good.replace(extra, "extra " + wrong_opening), "proof"),
        ("size in the checkpoint changed", good.replace("\n3\n", "\n4\n"), "signature"),
        ("signed by a stranger under the log's name", forged, "signature"),
        ("signed by the door, not by the log", foreign, "signature"),
        ("no extra, and no entry given", without, "malformed"),
        ("an empty extra", good.replace(extra, "extra "), "malformed"),
        ("extra without padding", good.replace(extra, extra.rstrip("=")[:-1]), "malformed"),
        ("extra twice", good.replace(extra, f"{extra}\n{extra}"), "malformed"),
        ("extra behind the index", good.replace(f"{extra}\n{index}", f"{index}\n{extra}"), "malformed"),
        ("extra that is not ours", with_extra(b"age-v1.2.1-darwin"), "malformed"),
        ("extra with an unknown member", with_extra(f'{{"entry":"{b64(entries[1])}","v":1,"x":1}}'.encode()),
         "malformed"),
        ("extra of another version", with_extra(f'{{"entry":"{b64(entries[1])}","v":2}}'.encode()), "malformed"),
        ("extra whose entry is a number", with_extra(b'{"entry":5,"v":1}'), "malformed"),
        ("extra nested without end", with_extra(b"[" * 20000), "malformed"),
        ("no first line", good.split("\n", 1)[1], "malformed"),
        ("another version", good.replace("@v1", "@v2", 1), "malformed"),
        ("a space behind the first line", good.replace("@v1\n", "@v1 \n", 1), "malformed"),
        ("CRLF", good.replace("\n", "\r\n"), "malformed"),
        ("no index", good.replace(f"{index}\n", ""), "malformed"),
        ("index +1", good.replace(index, "index +1"), "malformed"),
        ("index 01", good.replace(index, "index 01"), "malformed"),
        ("index -1", good.replace(index, "index -1"), "malformed"),
        ("index in Arabic digits", good.replace(index, "index \u0661"), "malformed"),
        ("two spaces before the index", good.replace(index, "index  1"), "malformed"),
        ("upper-case index", good.replace(index, "Index 1"), "malformed"),
        ("proof hash without padding", good.replace(proof[0], proof[0][:-1]), "malformed"),
        ("proof hash in hexadecimal", good.replace(proof[0], "00" * 32), "malformed"),
        ("proof hash of 31 bytes", good.replace(proof[0], b64(bytes(31))), "malformed"),
        ("65 proof hashes", good.replace(proof[1], "\n".join([proof[1]] * 64)), "malformed"),
        ("no empty line before the checkpoint", good.replace("\n\n", "\n", 1), "malformed"),
        ("two empty lines before the checkpoint", good.replace("\n\n", "\n\n\n", 1), "signature"),
        ("no checkpoint", head + "\n", "malformed"),
        ("empty", "", "malformed"),
    ]  # fmt: skip
    return [
        {"desc": desc, "receipt": b64(text.encode()), "outcome": outcome} for desc, text, outcome in cases
    ]


def promise_vectors() -> list[Vector]:
    leaf_text = b64(sha256(b"leaf").digest())
    good = f"ledger-promise/v1\n{NAME}\n7\n{leaf_text}\n1763683260\n"
    lines = good.split("\n")

    def changed(place: int, text: str) -> str:
        return "\n".join([*lines[:place], text, *lines[place + 1 :]])

    bad = {
        "empty": "", "another header": changed(0, "ledger-promise/v2"), "no origin": changed(1, ""),
        "a space in the origin": changed(1, "a b"), "index 07": changed(2, "07"), "index +7": changed(2, "+7"),
        "index -7": changed(2, "-7"), "an empty index": changed(2, ""), "Arabic index": changed(2, "\u0667"),
        "leaf without padding": changed(3, leaf_text[:-1]), "leaf of 31 bytes": changed(3, b64(bytes(31))),
        "leaf in hexadecimal": changed(3, "00" * 32), "deadline with a fraction": changed(4, "1763683260.5"),
        "deadline as a date": changed(4, "2025-11-21T00:01:00Z"), "deadline with a space": changed(4, " 1763683260"),
        "no deadline": "\n".join(lines[:4]) + "\n", "a line more": good + "more\n", "CRLF": good.replace("\n", "\r\n"),
        "no last line feed": good[:-1], "a checkpoint": f"{NAME}\n7\n{leaf_text}\n",
    }  # fmt: skip
    return [{"desc": "as it is", "text": good, "must_fail": False}] + [
        {"desc": desc, "text": text, "must_fail": True} for desc, text in bad.items()
    ]


# ---- cosignatures and policies -----------------------------------------------------------------------------

AT = 1763683200
SECOND_NAME = "witness.example/w2"
SECOND = SigningKey(bytes(range(96, 128)))


def cosigned(
    text: str,
    unix: int = AT,
    name: str = WITNESS_NAME,
    key: SigningKey = WITNESS,
    *,
    message: str | None = None,
    stamp: bytes | None = None,
    kind: bytes = b"\x04",
    cut: int = 64,
    tail: bytes = b"",
) -> str:
    message = f"cosignature/v1\ntime {unix}\n{text}" if message is None else message
    stamp = unix.to_bytes(8, "big") if stamp is None else stamp
    data = key_id(name, key, kind) + stamp + key.sign(message.encode()).signature[:cut] + tail
    return f"{DASH} {name} {b64(data)}\n"


def cosignature_vectors() -> list[Vector]:
    text = f"{NAME}\n3\n{b64(sha256(b'root').digest())}\n"
    own = signature(text, NAME, LOG)
    first, second = vkey(WITNESS_NAME, WITNESS, b"\x04"), vkey(SECOND_NAME, SECOND, b"\x04")
    good, other = cosigned(text), cosigned(text, AT + 5, SECOND_NAME, SECOND)
    later = cosigned(text, AT + 60)
    extended = text + "extension\n"
    stranger = SigningKey(bytes(range(150, 182)))
    forged = cosigned(text, key=stranger)
    as_named = (
        f"{DASH} {WITNESS_NAME} "
        + b64(key_id(WITNESS_NAME, WITNESS, b"\x04") + AT.to_bytes(8, "big") + bytes(64))
        + "\n"
    )
    bare = {"message": text}
    cases: list[tuple[str, str, str, list[str], int | None, str, dict[str, int]]] = []

    def add(
        desc: str, lines: str, outcome: str, times: dict[str, int] | None = None,
        keys: list[str] | None = None, now: int | None = None, body: str = text,
    ) -> None:  # fmt: skip
        keys = [first] if keys is None else keys
        cases.append((desc, body, lines, keys, now, outcome, times or {}))

    add("one cosignature", own + good, "ok", {WITNESS_NAME: AT})
    add("before the log's line", good + own, "ok", {WITNESS_NAME: AT})
    add("two witnesses", own + good + other, "ok", {WITNESS_NAME: AT, SECOND_NAME: AT + 5}, [first, second])
    add("one of two is known", own + good + other, "ok", {SECOND_NAME: AT + 5}, [second])
    add("nobody is known", own + good + other, "ok", {}, [])
    add("no cosignature", own, "ok", {})
    add("the same line twice counts once", own + good + good, "ok", {WITNESS_NAME: AT})
    add("the newest of one witness's lines counts", own + later + good, "ok", {WITNESS_NAME: AT + 60})
    add(
        "an extension line is cosigned too", own + cosigned(extended), "ok", {WITNESS_NAME: AT}, body=extended
    )
    add("time zero", own + cosigned(text, 0), "ok", {WITNESS_NAME: 0})
    add("the largest time", own + cosigned(text, 2**63 - 1), "ok", {WITNESS_NAME: 2**63 - 1})
    add("now", own + good, "ok", {WITNESS_NAME: AT}, now=AT)
    add("a clock that runs ahead a little", own + good, "ok", {WITNESS_NAME: AT}, now=AT - 300)
    add("a key of the type 0x01 by that name is another key", own + cosigned(text, kind=b"\x01"), "ok")
    add("another witness under this name", own + forged, "ok")
    add("this witness's key under another name", own + cosigned(text, name="witness.example/x"), "ok")

    add("from the future", own + good, "signature", now=AT - 301)
    add("from a far future", own + cosigned(text, 2**63 - 1), "signature", now=AT)
    add("over the bare text", own + cosigned(text, **bare), "signature")
    add("over the bare text, without a time", own + cosigned(text, **bare, stamp=b""), "malformed")
    add("the log's kind of signature under the witness's key ID", own + as_named, "signature")
    add("another time in front", own + cosigned(text, stamp=(AT + 1).to_bytes(8, "big")), "signature")
    add("time as little-endian", own + cosigned(text, stamp=AT.to_bytes(8, "little")), "malformed")
    add(
        "time in milliseconds in the message",
        own + cosigned(text, message=f"cosignature/v1\ntime {AT}000\n{text}"),
        "signature",
    )
    add(
        "time with a leading zero in the message",
        own + cosigned(text, message=f"cosignature/v1\ntime 0{AT}\n{text}"),
        "signature",
    )
    add("time beyond 2^63 - 1", own + cosigned(text, 2**63), "malformed")
    add(
        "header of another version",
        own + cosigned(text, message=f"cosignature/v2\ntime {AT}\n{text}"),
        "signature",
    )
    add("no header", own + cosigned(text, message=f"time {AT}\n{text}"), "signature")
    add("no time line", own + cosigned(text, message=f"cosignature/v1\n{text}"), "signature")
    add(
        "CRLF in the message",
        own + cosigned(text, message=f"cosignature/v1\ntime {AT}\n{text}".replace("\n", "\r\n")),
        "signature",
    )
    add("over the text without its last line feed", own + cosigned(text[:-1]), "signature")
    add("over the whole note", own + cosigned(f"{text}\n{own}"), "signature")
    add("over another size", own + cosigned(text.replace("\n3\n", "\n4\n")), "signature")
    add("over another origin", own + cosigned(text.replace(NAME, "ledger.example/dm2")), "signature")
    add("over the text without its extension line", own + cosigned(text), "signature", body=extended)
    add("a bad line beside a good one", own + good + cosigned(text, **bare), "signature")
    add("a good line behind a bad one", own + cosigned(text, **bare) + good, "signature")
    add("cut short by a byte", own + cosigned(text, cut=63), "malformed")
    add("without a signature", own + cosigned(text, cut=0), "malformed")
    add("a byte too many", own + cosigned(text, tail=b"\x00"), "malformed")
    add("as long as an ML-DSA-44 one", own + cosigned(text, cut=0, tail=bytes(2420)), "malformed")
    add("under a text that is no checkpoint", cosigned("hello\n"), "malformed", body="hello\n")
    add(
        "under a checkpoint with a size of +3",
        cosigned(text.replace("\n3\n", "\n+3\n")),
        "malformed",
        body=text.replace("\n3\n", "\n+3\n"),
    )
    add("hyphen for the em dash", own + good.replace(DASH, "-"), "malformed")
    add("missing padding", own + good.replace("=", ""), "malformed")
    add("CRLF behind", own + good[:-1] + "\r\n", "malformed")
    add("no line at all", "", "malformed")
    add("101 lines", own + good * 100, "malformed")
    return [
        {"desc": desc, "note": b64(f"{body}\n{lines}".encode()), "witnesses": keys, "now": now, "outcome": outcome,
         "times": times}
        for desc, body, lines, keys, now, outcome, times in cases
    ]  # fmt: skip


def policy_keys() -> dict[str, str]:
    """Verifier keys by the placeholder that stands for them in the policies below."""
    seeds = {name: SigningKey(sha256(name.encode()).digest()) for name in ("W1", "W2", "W3", "W4")}
    keys = {name: vkey(f"witness.example/{name.lower()}", key, b"\x04") for name, key in seeds.items()}
    return keys | {
        "LOG": vkey(NAME, LOG), "DOOR": vkey(DOOR_NAME, DOOR),
        "AGAIN": vkey("witness.example/again", seeds["W1"], b"\x04"),
        "SELF": vkey("witness.example/self", LOG, b"\x04"),
        "PLAIN": vkey("witness.example/plain", seeds["W1"]),
    }  # fmt: skip


def filled(policy: str) -> bytes:
    for name, key in policy_keys().items():
        policy = policy.replace(f"<{name}>", key)
    return policy.encode("utf-8", "surrogateescape")


THREE = "witness a <W1>\nwitness b <W2>\nwitness c <W3>\n"
NESTED = (
    f"log <LOG>\n{THREE}witness d <W4>\ngroup ab 1 a b\ngroup cd all c d\ngroup both 2 ab cd\nquorum both\n"
)


def policy_vectors() -> list[Vector]:
    good = {
        "a log, a witness, a quorum": "log <LOG>\nwitness a <W1>\nquorum a\n",
        "nobody is asked": "quorum none\n",
        "nobody is asked of those that there are": f"log <LOG>\n{THREE}quorum none\n",
        "with addresses": "log <LOG> https://l.example/l\nwitness a <W1> https://w.example/\nquorum a\n",
        "two of three": f"{THREE}group g 2 a b c\nquorum g\n",
        "groups in groups": NESTED,
        "comments, empty lines, tabs and spaces": "# c\n\n \t\n\t# c\n witness\ta  <W1> \t\nquorum a \n",
        "lines behind the quorum": "witness a <W1>\nquorum a\nlog <LOG>\nwitness b <W2>\n",
        "two logs": "log <LOG>\nlog <DOOR>\nquorum none\n",
        "names that look like keywords": "witness quorum <W1>\ngroup log any quorum\nquorum log\n",
        "a name beyond ASCII": "witness t\u00e9moin <W1>\nquorum t\u00e9moin\n",
        "a name that is not UTF-8": "witness t\udce9moin <W1>\nquorum t\udce9moin\n",
        "a comment that is not UTF-8": "# \udcff\nquorum none\n",
        "as many as there are": f"{THREE}group g 3 a b c\nquorum g\n",
    }
    bad: list[tuple[str, str, int | None]] = [
        ("empty", "", None), ("no quorum", "log <LOG>\nwitness a <W1>\n", None), ("only a comment", "# c\n", None),
        ("no last line feed", "quorum none", None), ("two quorums", "quorum none\nquorum none\n", 2),
        ("CRLF", "quorum none\r\n", 1), ("a zero byte", "# \x00\nquorum none\n", 1),
        ("a vertical tab for a space", "quorum\x0bnone\n", 1), ("a form feed", "\x0c\nquorum none\n", 1),
        ("a DEL in a comment", "# \x7f\nquorum none\n", 1),
        ("a no-break space for a space", "quorum\u00a0none\n", 1), ("a byte order mark", "\ufeffquorum none\n", 1),
        ("an unknown keyword", "threshold 2\nquorum none\n", 1), ("an upper-case keyword", "Quorum none\n", 1),
        ("a comment behind a line", "witness a <W1>\nquorum a # best\n", 2),
        ("a log without a key", "log\nquorum none\n", 1), ("a log with two addresses", "log <LOG> a b\n", 1),
        ("a log key of the witness type", "log <W1>\nquorum none\n", 1), ("a log named", "log l <LOG>\n", 1),
        ("the same log twice", "log <LOG>\nlog <LOG>\nquorum none\n", 2),
        ("a witness without a key", "witness a\nquorum a\n", 1),
        ("a witness without a name", "witness <W1>\nquorum none\n", 1),
        ("a witness, its address before its key", "witness a https://w.example/ <W1>\nquorum a\n", 1),
        ("a witness with two addresses", "witness a <W1> b c\nquorum a\n", 1),
        ("a witness key of the log type", "witness a <PLAIN>\nquorum a\n", 1),
        ("a damaged key", "witness a <W1>x\nquorum a\n", 1),
        ("the same witness twice", "witness a <W1>\nwitness b <W1>\nquorum a\n", 2),
        ("the same public key under two names", "witness a <W1>\nwitness b <AGAIN>\nquorum a\n", 2),
        ("the log's own key as a witness", "log <LOG>\nwitness a <SELF>\nquorum a\n", 2),
        ("the witness's key as a log", "witness a <SELF>\nlog <LOG>\nquorum a\n", 2),
        ("a name twice", "witness a <W1>\nwitness a <W2>\nquorum a\n", 2),
        ("a group with a witness's name", "witness a <W1>\ngroup a any a\nquorum a\n", 2),
        ("a witness named none", "witness none <W1>\nquorum none\n", 1),
        ("a group named none", "witness a <W1>\ngroup none any a\nquorum a\n", 2),
        ("none as a member", "witness a <W1>\ngroup g any a none\nquorum g\n", 2),
        ("a group without members", "group g any\nquorum g\n", 1),
        ("a group of none of none", "group g 0\nquorum g\n", 1),
        ("a group of itself", "group g any g\nquorum g\n", 1),
        ("a member that comes later", "group g any a\nwitness a <W1>\nquorum g\n", 1),
        ("a member twice", "witness a <W1>\ngroup g 2 a a\nquorum g\n", 2),
        ("a member of two groups", f"{THREE}group g any a b\ngroup h any b c\nquorum g\n", 5),
        ("threshold 0", f"{THREE}group g 0 a b c\nquorum g\n", 4),
        ("threshold beyond the members", f"{THREE}group g 4 a b c\nquorum g\n", 4),
        ("threshold +2", f"{THREE}group g +2 a b c\nquorum g\n", 4),
        ("threshold 02", f"{THREE}group g 02 a b c\nquorum g\n", 4),
        ("threshold -1", f"{THREE}group g -1 a b c\nquorum g\n", 4),
        ("threshold in Arabic digits", f"{THREE}group g \u0662 a b c\nquorum g\n", 4),
        ("threshold 1.5", f"{THREE}group g 1.5 a b c\nquorum g\n", 4),
        ("threshold ALL", f"{THREE}group g ALL a b c\nquorum g\n", 4),
        ("a threshold of a thousand digits", f"{THREE}group g {'1' * 1000} a b c\nquorum g\n", 4),
        ("a quorum before its witness", "quorum a\nwitness a <W1>\n", 1),
        ("a quorum of nobody", "quorum\n", 1), ("a quorum of two", f"{THREE}quorum a b\n", 4),
        ("a quorum that is a verifier key", "witness a <W1>\nquorum <W1>\n", 2),
        ("a quorum in another case", "witness a <W1>\nquorum A\n", 2), ("quorum None", "quorum None\n", 1),
        ("a Kelvin sign for a K", "witness K <W1>\nquorum \u212a\n", 2),
    ]  # fmt: skip
    return [
        {"desc": desc, "policy": b64(filled(text)), "must_fail": False} for desc, text in good.items()
    ] + [
        {"desc": desc, "policy": b64(filled(text)), "line": line, "must_fail": True}
        for desc, text, line in bad
    ]


def quorum_vectors() -> list[Vector]:
    """Which cosigners meet which policy: every set of four witnesses."""
    policies = {
        "one witness": (f"log <LOG>\n{THREE}quorum b\n", lambda s: "b" in s),
        "two of three": (f"log <LOG>\n{THREE}group g 2 a b c\nquorum g\n", lambda s: len(s & set("abc")) > 1),
        "any of three": (f"log <LOG>\n{THREE}group g any a b c\nquorum g\n", lambda s: bool(s & set("abc"))),
        "all of three": (f"log <LOG>\n{THREE}group g all a b c\nquorum g\n", lambda s: s >= set("abc")),
        "one of a and b, and both c and d": (NESTED, lambda s: bool(s & set("ab")) and s >= set("cd")),
        "nobody": (f"log <LOG>\n{THREE}quorum none\n", lambda s: True),
    }
    text = f"{NAME}\n3\n{b64(sha256(b'root').digest())}\n"
    own = signature(text, NAME, LOG)
    vectors = []
    for desc, (policy, meets) in policies.items():
        for number in range(16):
            names = {name for place, name in enumerate("abcd") if number >> place & 1}
            lines = "".join(
                cosigned(text, AT, f"witness.example/w{place}", SigningKey(sha256(f"W{place}".encode()).digest()))
                for place, name in enumerate("abcd", 1) if name in names
            )  # fmt: skip
            vectors.append(
                {
                    "desc": f"{desc}: {''.join(sorted(names)) or 'nobody'} cosigned", "policy": b64(filled(policy)),
                    "note": b64(f"{text}\n{own}{lines}".encode()), "outcome": "ok" if meets(names) else "quorum",
                }
            )  # fmt: skip
    policy = b64(filled(f"log <LOG>\n{THREE}quorum a\n"))
    w1 = SigningKey(sha256(b"W1").digest())
    line = cosigned(text, AT, "witness.example/w1", w1)
    again = cosigned(text, AT, "witness.example/again", w1)
    for desc, note, outcome in [
        ("cosigned, but not signed by the log", line, "signature"),
        ("signed by another log", signature(text, DOOR_NAME, DOOR) + line, "signature"),
        ("signed by a stranger under the log's name", signature(text, NAME, SECOND) + line, "signature"),
        ("cosigned by the witness's key under another name", own + again, "quorum"),
        ("the witness's line is over the bare text",
         own + cosigned(text, AT, "witness.example/w1", w1, message=text), "signature"),
        ("the witness signed as a log does", own + signature(text, "witness.example/w1", w1), "quorum"),
    ]:  # fmt: skip
        vectors.append(
            {"desc": desc, "policy": policy, "note": b64(f"{text}\n{note}".encode()), "outcome": outcome}
        )
    return vectors


# ---- heads of subjects, and sets of receipts ----------------------------------------------------------------

SUBJECT = sha256(b"a subject").digest()


def head_text(
    counter: int, index: int, leaf_hash: bytes, subject: bytes = SUBJECT, origin: str = NAME
) -> str:
    return f"ledger-subject-head/v1\n{origin}\n{b64(subject)}\n{counter}\n{index}\n{b64(leaf_hash)}\n"


def subject_head_vectors() -> list[Vector]:
    leaf_hash = sha256(b"leaf").digest()
    good = head_text(17, 1204, leaf_hash)
    lines = good.split("\n")

    def changed(place: int, text: str) -> str:
        return "\n".join([*lines[:place], text, *lines[place + 1 :]])

    bad = {
        "empty": "", "another version": changed(0, "ledger-subject-head/v2"),
        "a promise": changed(0, "ledger-promise/v1"), "no origin": changed(1, ""),
        "a space in the origin": changed(1, "a b"), "a plus in the origin": changed(1, "a+b"),
        "subject without padding": changed(2, b64(SUBJECT)[:-1]),
        "subject of 31 bytes": changed(2, b64(bytes(31))),
        "subject of 33 bytes": changed(2, b64(bytes(33))), "subject in hexadecimal": changed(2, SUBJECT.hex()),
        "a subject by name": changed(2, "lotte"), "no subject": changed(2, ""),
        "subject with unused bits set": changed(2, b64(SUBJECT)[:-2] + chr(ord(b64(SUBJECT)[-2]) + 1) + "="),
        "subject in URL-safe base64": changed(2, b64(b"\xff" * 32).replace("/", "_")),
        "counter 0": changed(3, "0"), "counter 017": changed(3, "017"), "counter +17": changed(3, "+17"),
        "counter -17": changed(3, "-17"), "counter 17.0": changed(3, "17.0"), "an empty counter": changed(3, ""),
        "counter in Arabic digits": changed(3, "\u0661\u0667"), "counter of sixteen digits": changed(3, "1" * 16),
        "more statements than entries": changed(3, "1206"), "counter and index swapped": changed(3, "1204").replace(
            "\n1204\n1204\n", "\n1204\n17\n"),
        "index 01204": changed(4, "01204"), "index +1204": changed(4, "+1204"), "index -1": changed(4, "-1"),
        "an empty index": changed(4, ""), "index with a space": changed(4, " 1204"),
        "index in hexadecimal": changed(4, "0x4b4"),
        "leaf without padding": changed(5, b64(leaf_hash)[:-1]), "leaf of 31 bytes": changed(5, b64(bytes(31))),
        "leaf in hexadecimal": changed(5, "00" * 32), "no leaf": changed(5, ""),
        "a line less": "\n".join(lines[:5]) + "\n", "a line more": good + "more\n",
        "a deadline behind": good + "1763683260\n",
        "CRLF": good.replace("\n", "\r\n"), "no last line feed": good[:-1], "an empty line first": "\n" + good,
        "lines in another order": "\n".join([*lines[:2], lines[5], lines[3], lines[4], lines[2], ""]).replace(
            b64(leaf_hash), "17", 1),
    }  # fmt: skip
    return [
        {"desc": "as it is", "text": good, "must_fail": False},
        {"desc": "the first entry of all", "text": head_text(1, 0, leaf_hash), "must_fail": False},
    ] + [{"desc": desc, "text": text, "must_fail": True} for desc, text in bad.items()]


class Told:
    """A log of four statements about one subject, with an entry about nobody between them."""

    def __init__(self, **lies: Any) -> None:
        self.lies, self.leaves, self.entries = lies, [], []
        self.halves: dict[int, tuple[bytes, str]] = {}
        counter, before = 0, bytes(32)
        for index in range(5):
            own = []
            if index != 2:
                counter += 1
                said = {"counter": counter, "previous": b64(before), "subject": b64(SUBJECT), "v": 1}
                body = json.dumps(said | lies.get(str(counter), {}), sort_keys=True, separators=(",", ":"))
                self.halves[counter] = (sha256(f"salt {index}".encode()).digest(), body)
                salt, _ = self.halves[counter]
                own = [leaf(half(b"ledger/subject/v1", salt, body.encode()))]
            shared = half(b"ledger/shared/v1", bytes([index]) * 32, b'{"event":"data.read"}')
            commitment = sha256(b"ledger/entry/v1\x00" + shared + mth(own)).digest()
            self.entries.append(entry(commitment, self.leaves[-1] if self.leaves else bytes(32)))
            self.leaves.append(leaf(self.entries[-1]))
            before = self.leaves[-1] if own else before
        text = f"{NAME}\n5\n{b64(mth(self.leaves))}\n"
        self.checkpoint = text + "\n" + signature(text, NAME, LOG)

    def index(self, counter: int) -> int:
        return counter - 1 if counter < 3 else counter

    def head(self, counter: int, name: str = DOOR_NAME, key: SigningKey = DOOR, **changes: Any) -> str:
        said = {
            "counter": counter,
            "index": self.index(counter),
            "leaf_hash": self.leaves[self.index(counter)],
        }
        text = head_text(**(said | changes))
        return text + "\n" + signature(text, name, key)

    def receipt(self, counter: int, head: str | None = None, *, opens: bool = True) -> str:
        index = self.index(counter)
        salt, body = self.halves[counter]
        shared = {"body": b64(b'{"event":"data.read"}'), "salt": b64(bytes([index]) * 32)}
        subject = {"body": b64(body.encode()), "count": 1, "index": 0, "path": [], "salt": b64(salt)}
        root = b64(mth([leaf(half(b"ledger/subject/v1", salt, body.encode()))]))
        opening = {"shared": shared, "v": 1} | ({"subject": subject} if opens else {"subject_root": root})
        extra = {"entry": b64(self.entries[index]), "opening": opening, "v": 1}
        if head is not None:
            extra["head"] = b64(head.encode())
        proof = "".join(f"{b64(one)}\n" for one in path(index, self.leaves))
        told = b64(json.dumps(extra, sort_keys=True, separators=(",", ":")).encode())
        return f"c2sp.org/tlog-proof@v1\nextra {told}\nindex {index}\n{proof}\n{self.checkpoint}"


def chain_vectors() -> list[Vector]:
    log = Told()
    newest = log.head(4)
    every = [log.receipt(counter, newest) for counter in range(1, 5)]
    bare = [log.receipt(counter) for counter in range(1, 5)]
    elsewhere = b64(bytes([5]) * 32)
    stranger = SigningKey(bytes(range(200, 232)))
    other_log = "ledger.example/dm2"

    def lied(number: int, /, **members: Any) -> list[str]:
        other = Told(**{str(number): members})
        return [other.receipt(counter, other.head(4)) for counter in range(1, 5)]

    # description, receipts, heads given besides, whether they are a part, outcome
    cases: list[tuple[str, list[str], list[str], bool, str]] = [
        ("all four, as they are", every, [], False, "ok"),
        ("in another order, one of them twice", [*every[::-1], every[0]], [], False, "ok"),
        ("the head given apart", bare, [newest], False, "ok"),
        ("an older head beside the newest", every, [log.head(2)], False, "ok"),
        ("the first not shown", every[1:], [], False, "ok"),
        ("the middle only, as a part", every[1:3], [], True, "ok"),
        ("no receipt", [], [newest], False, "malformed"),
        ("the second missing", [every[0], *every[2:]], [], False, "missing"),
        ("the second missing, as a part", [every[0], *every[2:]], [], True, "missing"),
        ("the third missing", [*every[:2], every[3]], [], False, "missing"),
        ("the last missing", every[:3], [], False, "missing"),
        ("no head", bare, [], False, "missing"),
        ("no head, as a part", bare, [], True, "missing"),
        ("an older head only", bare, [log.head(3)], False, "missing"),
        ("a head of more than is shown", every, [head_note(5, 5, sha256(b"x").digest())], False, "missing"),
        ("a head of another subject", every, [head_note(4, 4, log.leaves[4], bytes(32))], False, "missing"),
        ("a head of the same counter with another leaf", every, [log.head(4, leaf_hash=bytes(32))], False,
         "inconsistent"),
        ("a head of the same counter with another index", every, [log.head(4, index=3)], False, "inconsistent"),
        ("an old head that names another entry", every, [log.head(2, leaf_hash=log.leaves[0])], False, "inconsistent"),
        ("two heads against each other, of what is not shown", every[:2],
         [log.head(3), log.head(3, leaf_hash=bytes(32))], True, "inconsistent"),
        ("a link to another entry", lied(3, previous=elsewhere), [], False, "inconsistent"),
        ("a link to itself", lied(2, previous=b64(log.leaves[1])), [], False, "inconsistent"),
        ("a first statement that follows another", lied(1, previous=elsewhere), [], False, "inconsistent"),
        ("one counter twice", lied(3, counter=2), [], True, "inconsistent"),
        ("a counter skipped", lied(4, counter=5), [], True, "missing"),
        ("counter as text", lied(2, counter="2"), [], False, "malformed"),
        ("counter true", lied(1, counter=True), [], False, "malformed"),
        ("counter 0", lied(1, counter=0), [], False, "malformed"),
        ("counter as 2.0", lied(2, counter=2.0), [], False, "malformed"),
        ("counter null", lied(2, counter=None), [], False, "malformed"),
        ("a link that is no hash", lied(2, previous="AAAA"), [], False, "malformed"),
        ("a link without padding", lied(2, previous=b64(log.leaves[0])[:-1]), [], False, "malformed"),
        ("a subject that is no name", lied(2, subject="lotte"), [], False, "malformed"),
        ("a subject in a list", lied(2, subject=[b64(SUBJECT)]), [], False, "malformed"),
        ("a head by the log's key", bare, [log.head(4, NAME, LOG)], False, "signature"),
        ("a head by a stranger under the door's name", bare, [log.head(4, DOOR_NAME, stranger)], False, "signature"),
        ("a head without a signature", bare, [newest.split("\n\n")[0] + "\n"], False, "malformed"),
        ("a head whose counter was changed", bare, [newest.replace("\n4\n4\n", "\n5\n5\n")], False, "signature"),
        ("a head of another log", every, [log.head(4, origin=other_log)], False, "malformed"),
        ("a head in the extra that is none", [*every[:3], log.receipt(4, "hello\n")], [], False, "malformed"),
        ("a party's receipt among them", [*every[:3], log.receipt(4, newest, opens=False)], [], False, "malformed"),
        ("a receipt moved to another index", [*every[:3], every[3].replace("\nindex 4\n", "\nindex 3\n")], [], False,
         "proof"),
        ("receipts of two histories of one size", [*every[:2], *lied(1, more=1)[2:]], [], False, "inconsistent"),
    ]  # fmt: skip
    return [
        {
            "desc": desc, "receipts": [b64(one.encode()) for one in receipts],
            "heads": [b64(one.encode()) for one in heads], "part": part, "outcome": outcome,
        }
        for desc, receipts, heads, part, outcome in cases
    ]  # fmt: skip


def head_note(counter: int, index: int, leaf_hash: bytes, subject: bytes = SUBJECT) -> str:
    text = head_text(counter, index, leaf_hash, subject)
    return text + "\n" + signature(text, DOOR_NAME, DOOR)


# ---- whole logs, and files as they come over HTTP -----------------------------------------------------------

Log = dict[str, bytes]


def note_over(text: str, key: SigningKey, name: str = NAME) -> bytes:
    return (text + "\n" + signature(text, name, key)).encode()


def small_log(entries: list[bytes], signed: list[bytes] | None = None) -> Log:
    """A published log of 1 to 255 entries; with `signed`, the tree and the checkpoint are of other entries."""
    leaves = [leaf(one) for one in signed or entries]
    text = f"{NAME}\n{len(leaves)}\n{b64(mth(leaves))}\n"
    width = len(leaves)
    return {
        "checkpoint": note_over(text, LOG),
        f"tile/0/000.p/{width}": b"".join(leaves),
        f"tile/entries/000.p/{width}": b"".join(len(one).to_bytes(2, "big") + one for one in entries),
    }


def log_vectors() -> list[Vector]:
    example = worked_example()
    entries = [one["entry"].encode() for one in example["entries"]]
    good, tile, bundle = small_log(entries), "tile/0/000.p/3", "tile/entries/000.p/3"
    other = entry(sha256(b"other").digest(), leaf(entries[0]))
    stray = entry(sha256(b"stray").digest(), bytes(32))
    first = entry(sha256(b"first").digest(), leaf(b"something before"))

    def without(path: str) -> Log:
        return {name: data for name, data in good.items() if name != path}

    def changed_file(path: str, data: bytes) -> Log:
        return good | {path: data}

    hashes, data = good[tile], good[bundle]
    full = {"tile/0/000": hashes + bytes(32 * 253), "tile/entries/000": data + data[-111:] * 253}
    three = f"{NAME}\n3\n{b64(mth([leaf(one) for one in entries]))}\n"
    longer = f"{NAME}\n4\n{b64(mth([leaf(one) for one in entries]))}\n"
    empty = f"{NAME}\n0\n{b64(mth([]))}\n"
    cases: list[tuple[str, Log, bool, int | None]] = [
        ("as it is", good, False, None),
        ("one entry", small_log(entries[:1]), False, None),
        ("no entries", {"checkpoint": note_over(empty, LOG)}, False, None),
        ("cosigned by a witness", changed_file("checkpoint", example["checkpoint"].encode()), False, None),
        ("the full files in the place of the partial ones", {"checkpoint": good["checkpoint"]} | full, False, None),
        ("a file more", changed_file("tile/0/001", bytes(8192)), False, None),
        ("an entry changed", changed_file(bundle, small_log([entries[0], other, entries[2]])[bundle]), True, 1),
        ("an entry changed, and its hash", small_log([entries[0], other, entries[2]], None)
         | {"checkpoint": good["checkpoint"]}, True, 1),
        ("an entry removed", changed_file(bundle, data[:111] + data[222:]), True, 1),
        ("the last entry removed", changed_file(bundle, data[:222]), True, 2),
        ("two entries swapped", changed_file(bundle, data[111:222] + data[:111] + data[222:]), True, 0),
        ("an entry too many", changed_file(bundle, data + data[222:]), True, None),
        ("an entry out of the chain that the log signed", small_log([*entries[:2], stray]), True, 2),
        ("a first entry that names one before it", small_log([first]), True, 0),
        ("an entry signed twice", small_log([entries[0], entries[0]]), True, 1),
        ("an entry that is not of the format, signed", small_log([entries[0], b'{"v":1}']), True, 1),
        ("an entry of version 2, signed", small_log([entries[0].replace(b'"v":1', b'"v":2')]), True, 0),
        ("a length that lies", changed_file(bundle, b"\x00\x6c" + data[2:]), True, 0),
        ("a bundle cut short", changed_file(bundle, data[:-1]), True, 2),
        ("an empty bundle", changed_file(bundle, b""), True, 0),
        ("a bit flipped in a tile", changed_file(tile, hashes[:40] + bytes([hashes[40] ^ 1]) + hashes[41:]), True, 1),
        ("a hash cut short", changed_file(tile, hashes[:-1]), True, None),
        ("a hash too few", changed_file(tile, hashes[:-32]), True, None),
        ("a hash too many", changed_file(tile, hashes + bytes(32)), True, None),
        ("an empty tile", changed_file(tile, b""), True, None),
        ("no tile", without(tile), True, None),
        ("no bundle", without(bundle), True, 0),
        ("no checkpoint", without("checkpoint"), True, None),
        ("the bundle under the name of static-ct", without(bundle) | {"tile/data/000.p/3": data}, True, 0),
        ("the tile under a path with a height", without(tile) | {"tile/8/0/000.p/3": hashes}, True, None),
        ("size 4 over the root of 3", changed_file("checkpoint", note_over(longer, LOG)), True, None),
        ("the root of other entries", changed_file("checkpoint", small_log([stray, *entries[1:]])["checkpoint"]),
         True, None),
        ("signed by the door", changed_file("checkpoint", note_over(three, DOOR, DOOR_NAME)), True, None),
        ("signed by the door in the log's name", changed_file("checkpoint", note_over(three, DOOR)), True, None),
    ]  # fmt: skip
    return [
        {
            "desc": desc, "vkey": vkey(NAME, LOG), "files": {path: b64(data) for path, data in files.items()},
            "must_fail": fails, "index": index,
        }
        for desc, files, fails, index in cases
    ]  # fmt: skip


def packed_vectors() -> list[Vector]:
    """Bodies with `Content-Encoding: gzip`, and how long what is in them may be."""
    body = bytes(range(256)) * 4

    def packed(data: bytes) -> bytes:
        return gzip.compress(data, mtime=0)

    good = packed(body)
    cases: list[tuple[str, bytes, bool]] = [
        ("as it is", good, False),
        ("stored, not compressed", gzip.compress(body, 0, mtime=0), False),
        ("with a name in its header", good[:3] + b"\x08" + good[4:10] + b"tile\x00" + good[10:], False),
        ("of nothing", packed(b""), False),
        ("no bytes", b"", True), ("a header only", good[:10], True), ("cut short by a byte", good[:-1], True),
        ("cut short in the middle", good[: len(good) // 2], True), ("without its checksum", good[:-8], True),
        ("with another checksum", good[:-8] + bytes(4) + good[-4:], True),
        ("with another length", good[:-4] + bytes(4), True), ("with a byte behind", good + b"\x00", True),
        ("two in a row", packed(body[:100]) + packed(body[100:]), True), ("not packed at all", body, True),
        ("zlib", zlib.compress(body), True), ("a byte too long", packed(body + b"x"), True),
        ("a bomb", packed(bytes(1_000_000)), True), ("another method", good[:2] + b"\x07" + good[3:], True),
    ]  # fmt: skip
    return [
        {"desc": desc, "body": b64(data), "limit": len(body), "must_fail": fails}
        for desc, data, fails in cases
    ]


def main() -> None:
    files: dict[str, Any] = {
        "worked_example": worked_example(),
        "inclusion": inclusion_vectors(),
        "consistency": consistency_vectors(),
        "notes": note_vectors(),
        "vkeys": vkey_vectors(),
        "checkpoints": checkpoint_vectors(),
        "entries": entry_vectors(),
        "tile_paths": path_vectors(),
        "receipts": receipt_vectors(),
        "promises": promise_vectors(),
        "subject_heads": subject_head_vectors(),
        "chains": chain_vectors(),
        "cosignatures": cosignature_vectors(),
        "policies": policy_vectors(),
        "quorums": quorum_vectors(),
        "logs": log_vectors(),
        "packed": packed_vectors(),
    }
    FILES.mkdir(parents=True, exist_ok=True)
    for name, vectors in files.items():
        text = json.dumps(vectors, indent=1, ensure_ascii=True)
        (FILES / f"{name}.json").write_text(text + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
