"""Look for bytes in files, in every spelling in which a dump, a log or a page of the database may hold them."""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from databeheer.door.drill.traces import Sort, Trace

_AT_ONCE = 32 * 1024**2
SHORTEST = 8
"""What is shorter than this stands anywhere by chance, and is not searched for."""


def spellings(data: bytes, *, is_text: bool) -> dict[str, bytes]:
    """How bytes could lie in a file without being read at once: as they are, hexadecimal, inside base64.

    Words also reversed, as UTF-16, and with escapes. What is not base64 is in lower case, and so must the file be.
    """
    found = {"clear": data}
    if is_text:
        words = data.decode()
        found |= {"reversed": data[::-1], "utf-16": words.encode("utf-16-le")}
    for name, one in list(found.items()):
        found[f"{name}, hex"] = one.hex().encode()
        for shift in range(3):  # base64 of a longer text that holds it, at any place
            whole = b64encode(b"\0" * shift + one)
            found[f"{name}, base64 +{shift}"] = whole[4 if shift else 0 : len(whole) - len(whole) % 4 - 4]
    if is_text:
        found["escaped"] = words.encode("unicode_escape")
    return {
        name: one if "base64" in name else one.lower() for name, one in found.items() if len(one) >= SHORTEST
    }


def appears(data: bytes, content: bytes, *, is_text: bool = True) -> list[str]:
    """Name the spellings in which bytes stand in a content."""
    lower = content.lower()
    return [
        name
        for name, one in spellings(data, is_text=is_text).items()
        if one in (content if "base64" in name else lower)
    ]


@dataclass
class Searched:
    """How many files and bytes of one place were looked through, and how many traces of each sort stand there."""

    place: str
    files: int = 0
    size: int = 0
    found: Counter[Sort] = field(default_factory=Counter)


def search(place: str, files: Iterable[Path], traces: Sequence[Trace]) -> Searched:
    """Look through files for all traces; a file that goes away meanwhile is passed over."""
    forms = {
        trace: [(one, "base64" in name) for name, one in spellings(trace.data, is_text=trace.is_text).items()]
        for trace in traces
    }
    overlap = max((len(one) for some in forms.values() for one, _ in some), default=0)
    searched, seen = Searched(place), set[Trace]()
    for path in files:
        try:
            searched.size += _search_file(path, forms, overlap, seen)
        except FileNotFoundError:
            continue
        searched.files += 1
    searched.found = Counter(trace.sort for trace in seen)
    return searched


def _search_file(
    path: Path, forms: Mapping[Trace, Sequence[tuple[bytes, bool]]], overlap: int, seen: set[Trace]
) -> int:
    size, kept = 0, b""
    with path.open("rb") as file:
        while piece := file.read(_AT_ONCE):
            size += len(piece)
            content = kept + piece
            lower = content.lower()
            for trace, some in forms.items():
                if trace not in seen and any(one in (content if as_is else lower) for one, as_is in some):
                    seen.add(trace)
            kept = content[-overlap:] if overlap else b""
    return size
