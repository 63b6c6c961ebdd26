"""An evidence bundle holds as a whole: whatever is changed, added or left out is named, offline."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger import evidence_bundle
from ledger.cli import main
from ledger.commitment import commit, new_salt, shared_half, subject_half
from ledger.encoding import encode_base64
from ledger.entry import encode
from ledger.errors import LedgerError, MalformedError
from ledger.note import SigningKey
from ledger.tiles import TileReader
from ledger.tree import inclusion_proof, leaf_hash
from tests.ledger.logs import ORIGIN, write_log

KEY = SigningKey(ORIGIN, bytes(range(32)))
DOOR = SigningKey(f"{ORIGIN}/door", bytes(range(1, 33)))
Files = dict[str, bytes]


def half(what: str, body: bytes) -> tuple[dict[str, str], bytes]:
    salt = new_salt()
    made = shared_half if what == "shared" else subject_half
    return {"salt": encode_base64(salt), "body": encode_base64(body)}, made(salt, body)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Five entries, of which a whole period of three is asked, that rests on the first."""
    items: list[dict[str, Any]] = []
    entries: list[bytes] = []
    for index in range(5):
        shared, common = half("shared", json.dumps({"event": "data.read", "n": index}).encode())
        own, half_of_own = half("subject", b'{"counter":1}')
        entry = encode(commit(common, [half_of_own]), leaf_hash(entries[-1]) if entries else bytes(32))
        entries.append(entry)
        items.append(
            {"index": index, "entry": encode_base64(entry), "shared": shared, "leaves": [own], "erased": None}
        )
    public = tmp_path_factory.mktemp("log")
    log = write_log(public, entries, KEY)
    document = {
        "entries": items[1:4],
        "support": items[:1],
        "erasures": [],
        "is_whole": True,
        "range": [1, 4],
    }
    made = {evidence_bundle.ENTRIES: json.dumps(document).encode(), "index.txt": b"Regel 1: gelezen.\n"}
    reader = TileReader(log, 5)
    proofs = {index: inclusion_proof(reader, index, 5) for index in evidence_bundle.indexes(document)}
    return made | {
        evidence_bundle.MANIFEST: evidence_bundle.sign_manifest(ORIGIN, made, DOOR),
        evidence_bundle.CHECKPOINT: (public / "checkpoint").read_bytes(),
        evidence_bundle.PROOFS: evidence_bundle.write_proofs(proofs),
    }


def check(files: Files) -> evidence_bundle.Verified:
    return evidence_bundle.verify(
        evidence_bundle.unpack(evidence_bundle.pack(files)), [KEY.verifier], [DOOR.verifier]
    )


def signed_again(files: Files, change: Callable[[dict[str, Any]], object]) -> Files:
    """What a door that lies would sign: the entries changed, and a manifest over them."""
    document = json.loads(files[evidence_bundle.ENTRIES])
    change(document)
    made = {evidence_bundle.ENTRIES: json.dumps(document).encode(), "index.txt": files["index.txt"]}
    return files | made | {evidence_bundle.MANIFEST: evidence_bundle.sign_manifest(ORIGIN, made, DOOR)}


@pytest.mark.requirement("R15")
def test_a_bundle_holds_and_says_what_it_shows(bundle: Files) -> None:
    found = check(bundle)
    assert [one.index for one in found.entries] == [1, 2, 3]
    assert [one.index for one in found.beside] == [0]
    assert (found.span, found.lost, found.files) == ((1, 4), [], (evidence_bundle.ENTRIES, "index.txt"))
    assert evidence_bundle.pack(bundle) == evidence_bundle.pack(dict(reversed(bundle.items())))


def without(name: str) -> Callable[[Files], Files]:
    return lambda files: {one: content for one, content in files.items() if one != name}


def changed(name: str, old: bytes, new: bytes) -> Callable[[Files], Files]:
    return lambda files: files | {name: files[name].replace(old, new, 1)}


def lied(change: Callable[[dict[str, Any]], object]) -> Callable[[Files], Files]:
    return lambda files: signed_again(files, change)


def proofs(change: Callable[[dict[str, Any]], object]) -> Callable[[Files], Files]:
    def tampered(files: Files) -> Files:
        found = json.loads(files[evidence_bundle.PROOFS])
        change(found)
        return files | {evidence_bundle.PROOFS: json.dumps(found).encode()}

    return tampered


OTHER = SigningKey(ORIGIN, bytes(range(2, 34)))
TAMPERED: dict[str, tuple[Callable[[Files], Files], str]] = {
    "a word of the index": (changed("index.txt", b"gelezen", b"geweigerd"), "index.txt: was changed"),
    "an entry's body": (
        changed("entries.json", b'"erased": null', b'"erased":null '),
        "entries.json: was changed",
    ),
    "a file more": (lambda files: files | {"letter.txt": b"x"}, "letter.txt: is not in the manifest"),
    **{
        f"no {name}": (without(name), f"{name}: is not in the bundle")
        for name in ("manifest", "entries.json")
    },
    **{
        f"no {name}": (without(name), f"{name}: is not in the bundle")
        for name in ("checkpoint", "proofs.json")
    },
    "no index": (without("index.txt"), "index.txt: is not in the bundle"),
    "a manifest of nobody's": (
        changed("manifest", b"  index.txt", b"  other.txt"),
        "manifest: the signature",
    ),
    "a manifest of another's": (
        lambda files: files | {"manifest": evidence_bundle.sign_manifest(ORIGIN, {"index.txt": b""}, OTHER)},
        "manifest: the note bears no signature",
    ),
    "a checkpoint of another's": (changed("checkpoint", b"\n5\n", b"\n6\n"), "checkpoint: the signature"),
    "a proof of another entry": (proofs(lambda found: found.update({"2": found["1"]})), "entry 2:"),
    "a proof that lacks": (proofs(lambda found: found.pop("3")), "entry 3: has no proof"),
    "a proof more": (proofs(lambda found: found.update({"4": found["3"]})), "proves entry 4, which is not"),
    "a proof cut short": (proofs(lambda found: found["0"].pop()), "entry 0:"),
    "an index spelled otherwise": (
        proofs(lambda found: found.update({"01": []})),
        "an index is not canonical",
    ),
    "a salt, by the door": (
        lied(lambda said: said["entries"][1]["shared"].update(salt=encode_base64(bytes(32)))),
        "entry 2: what is opened does not belong to entry 2",
    ),
    "a subject left out, by the door": (
        lied(lambda said: said["entries"][0].update(leaves=[])),
        "entry 1: what is opened does not belong to entry 1",
    ),
    "an entry left out, by the door": (
        lied(lambda said: said["entries"].pop()),
        "proves entry 3, which is not",
    ),
    "an entry moved, by the door": (
        lied(lambda said: said["entries"][0].update(index=4)),
        "entry 4: has no proof",
    ),
    "bounds too wide, by the door": (lied(lambda said: said.update(range=[1, 5])), "entry 4: was left out"),
    "bounds beyond the log, by the door": (lied(lambda said: said.update(range=[1, 9])), "goes further than"),
}


@pytest.mark.requirement("R15")
@pytest.mark.parametrize("what", TAMPERED)
def test_whatever_was_changed_is_named(bundle: Files, what: str) -> None:
    change, words = TAMPERED[what]
    with pytest.raises(LedgerError) as refused:
        check(change(bundle))
    assert words in str(refused.value)


def zipped(*names: str) -> bytes:
    return evidence_bundle.pack(dict.fromkeys(names, b"x"))


NO_BUNDLES = {
    "nothing": b"",
    "no zip": b"PK\x03\x04 no zip",
    "a name twice": zipped("manifest", "manifesu").replace(b"manifesu", b"manifest"),
    "a folder above": zipped("../manifest"),
    "a place on the machine": zipped("/etc/passwd"),
    "a folder": zipped("map/manifest"),
    "too many files": zipped(*(f"f{number}" for number in range(evidence_bundle.MAX_FILES + 1))),
    "cut short": zipped("manifest")[:-30],
}


@pytest.mark.parametrize("what", NO_BUNDLES)
def test_what_is_no_bundle_is_refused(what: str) -> None:
    with pytest.raises(LedgerError):
        evidence_bundle.verify(evidence_bundle.unpack(NO_BUNDLES[what]), [KEY.verifier], [DOOR.verifier])


FORGED = b"Regel 1: geweigerd.\n"
"""What another program would show of a zip that hides a second `index.txt`."""


def by_hand(
    files: Files,
    method: int = zipfile.ZIP_DEFLATED,
    before: bytes = b"",
    last_first: bool = False,
    **members: Any,
) -> bytes:
    """A zip of these files as another program may write it; `members` stand on `index.txt` alone."""
    packed = io.BytesIO(before)
    packed.seek(0, io.SEEK_END)
    with zipfile.ZipFile(packed, "a") as archive:
        for name in sorted(files, reverse=last_first):
            one = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            one.create_system = 3
            for member, value in members.items() if name == "index.txt" else ():
                setattr(one, member, value)
            archive.writestr(one, files[name], method)
    return packed.getvalue()


def only_members(packed: bytes) -> bytes:
    return packed[: zipfile.ZipFile(io.BytesIO(packed)).start_dir]


def forged(files: Files) -> bytes:
    return evidence_bundle.pack(files | {"index.txt": FORGED})


def streamed(files: Files) -> bytes:
    """Sizes behind each file, as one writes who cannot go back."""

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_: Any) -> int:
            raise io.UnsupportedOperation

        tell = seek

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w") as archive:
        for name, content in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return pipe.getvalue()


def hidden_in_a_member(files: Files) -> bytes:
    """A file more between the end of what is deflated and the end that the header tells of."""
    more = only_members(evidence_bundle.pack({"index.txt": FORGED}))
    packed, last = evidence_bundle.pack(files), sorted(files)[-1]
    info = zipfile.ZipFile(io.BytesIO(packed)).getinfo(last)
    longer = struct.pack("<L", info.compress_size + len(more))
    start = zipfile.ZipFile(io.BytesIO(packed)).start_dir
    members, directory = bytearray(packed[:start]), bytearray(packed[start:])
    members[info.header_offset + 18 : info.header_offset + 22] = longer
    at = directory.rindex(b"PK\x01\x02") + 20
    directory[at : at + 4] = longer
    directory[-6:-2] = struct.pack("<L", start + len(more))
    return bytes(members) + more + bytes(directory)


def local_name(files: Files) -> bytes:
    return evidence_bundle.pack(files).replace(b"index.txt", b"other.txt", 1)


def patched(record: bytes, offset: int, value: bytes) -> Callable[[Files], bytes]:
    """One field of the first (of the last, the end) record of a kind changed."""

    def change(files: Files) -> bytes:
        packed = bytearray(evidence_bundle.pack(files))
        at = packed.index(record) + offset
        assert packed[at : at + len(value)] != value
        packed[at : at + len(value)] = value
        return bytes(packed)

    return change


def unicode_path(files: Files) -> bytes:
    told = b"\x01" + struct.pack("<L", zlib.crc32(b"index.txt")) + b"other.txt"
    return by_hand(files, extra=struct.pack("<HH", 0x7075, len(told)) + told)


def corrupt(method: int) -> Callable[[Files], bytes]:
    def change(files: Files) -> bytes:
        packed = bytearray(by_hand(files, method))
        packed[60:70] = bytes(10)
        return bytes(packed)

    return change


LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
OTHER_ZIPS: dict[str, Callable[[Files], bytes]] = {
    "a forged zip before it": lambda files: forged(files) + evidence_bundle.pack(files),
    "forged files before it": lambda files: only_members(forged(files)) + evidence_bundle.pack(files),
    "forged files before it, offsets right": lambda files: by_hand(files, before=only_members(forged(files))),
    "forged files behind it": lambda files: evidence_bundle.pack(files) + only_members(forged(files)),
    "a forged zip behind it": lambda files: evidence_bundle.pack(files) + forged(files),
    "a program before it": lambda files: b"#!/bin/sh\n" + evidence_bundle.pack(files),
    "a byte behind it": lambda files: evidence_bundle.pack(files) + b"\n",
    "a file hidden in another": hidden_in_a_member,
    "a second name in an extra field": unicode_path,
    "an extra field of no meaning": lambda files: by_hand(files, extra=struct.pack("<HH", 0x9999, 0)),
    "zip64 sizes": lambda files: by_hand(files, extra=struct.pack("<HHQQ", 1, 16, 20, 20)),
    "a link": lambda files: by_hand(files, external_attr=0o120777 << 16),
    "a program": lambda files: by_hand(files, external_attr=0o100755 << 16),
    "a folder by its attribute": lambda files: by_hand(files, external_attr=0x10),
    "of another system": lambda files: by_hand(files, create_system=0),
    "of another time": lambda files: by_hand(files, date_time=(2026, 1, 1, 0, 0, 0)),
    "words on a file": lambda files: by_hand(files, comment=FORGED),
    "words on the whole": lambda files: evidence_bundle.pack(files)[:-2] + struct.pack("<H", 5) + b"hello",
    "another order": lambda files: by_hand(files, last_first=True),
    "sizes behind each file": streamed,
    "stored": lambda files: by_hand(files, zipfile.ZIP_STORED),
    "bzip2": lambda files: by_hand(files, zipfile.ZIP_BZIP2),
    "LZMA": lambda files: by_hand(files, zipfile.ZIP_LZMA),
    "LZMA, corrupt": corrupt(zipfile.ZIP_LZMA),
    "bzip2, corrupt": corrupt(zipfile.ZIP_BZIP2),
    "deflated, corrupt": corrupt(zipfile.ZIP_DEFLATED),
    "another name before the file": local_name,
    "encrypted, it says": patched(LOCAL, 6, b"\x01"),
    "encrypted, says the directory": patched(CENTRAL, 8, b"\x01"),
    "a name of UTF-8, it says": patched(CENTRAL, 9, b"\x08"),
    "another checksum": patched(LOCAL, 14, b"\0\0\0\0"),
    "another checksum in the directory": patched(CENTRAL, 16, b"\0\0\0\0"),
    "another length": patched(LOCAL, 22, b"\xff\xff\xff\xff"),
    "zip64, it says": patched(LOCAL, 18, b"\xff\xff\xff\xff"),
    "a name beyond the end": patched(LOCAL, 26, b"\xff\xff"),
    "another place in the directory": patched(CENTRAL, 42, b"\x01"),
    "fewer files in the end record": patched(END, 10, b"\x01"),
    "another disk": patched(END, 4, b"\x01"),
    "no directory": lambda files: only_members(evidence_bundle.pack(files)),
    "cut short": lambda files: evidence_bundle.pack(files)[:-1],
    "cut in its first file": lambda files: evidence_bundle.pack(files)[:80],
    "no files": lambda files: evidence_bundle.pack({}),
}


@pytest.mark.requirement("R15")
@pytest.mark.parametrize("what", OTHER_ZIPS)
def test_a_zip_that_two_programs_may_read_differently_is_no_bundle(bundle: Files, what: str) -> None:
    packed = OTHER_ZIPS[what](bundle)
    assert packed != evidence_bundle.pack(bundle)
    with pytest.raises(MalformedError):
        evidence_bundle.unpack(packed)


def test_no_changed_byte_gives_other_files(bundle: Files) -> None:
    packed = evidence_bundle.pack(bundle)
    for at in range(0, len(packed), 3):
        changed = packed[:at] + bytes([packed[at] ^ 0x55]) + packed[at + 1 :]
        try:
            files = evidence_bundle.unpack(changed)
        except MalformedError:
            continue
        assert files == bundle  # zlib may read two ways of deflating as the same


def test_other_programs_read_what_was_packed(bundle: Files) -> None:
    packed = evidence_bundle.pack(bundle)
    assert packed == by_hand(bundle)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == bundle
    assert evidence_bundle.unpack(packed) == bundle


def test_the_command_line_says_what_holds_and_what_does_not(
    bundle: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, keys = tmp_path / "bewijs.zip", tmp_path / "keys"
    keys.write_text(f"{KEY.vkey}\n{DOOR.vkey}\n")
    command = ["bundle", "verify", str(file), "--key", str(keys), "--door-key", str(keys)]
    file.write_bytes(evidence_bundle.pack(bundle))
    assert main(command) == 0
    said = capsys.readouterr().out
    assert "The bundle holds: 3 entries" in said
    assert "none left out from entry 1 to 3" in said
    assert "witnesses: not checked" in said
    assert main([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["entries"] == [1, 2, 3]
    file.write_bytes(evidence_bundle.pack(changed("index.txt", b"gelezen", b"niets")(bundle)))
    assert main(command) == 1
    told = capsys.readouterr()
    assert (told.out, "index.txt: was changed" in told.err) == ("The bundle does not hold.\n", True)
    file.write_bytes(b"no zip")
    assert main([*command, "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "malformed"
