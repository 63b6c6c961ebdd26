"""All proofs of one access point in one file: receipts, the door's signed head, and how to check them.

Every receipt is under the same checkpoint, so that they are of one history.
"""

from __future__ import annotations

import io
import zipfile
from base64 import b64decode
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from databeheer.brussels import BRUSSELS
from ledger.tiles import TileDirectory
from ledger.vkeys import MAX_VKEYS_LENGTH
from web.receipts import make_receipt

MOST_PROOFS = 1000
"""In one file: about 6 MB, and a few seconds to make."""


class OneMoment:
    """A published log of which the checkpoint is read once."""

    def __init__(self, directory: Path) -> None:
        self._log = TileDirectory(directory)
        self._kept: dict[str, bytes] = {}

    def fetch(self, path: str, limit: int) -> bytes:
        """Return the file at `path`, as `TileDirectory.fetch` does."""
        if path not in ("checkpoint", "vkey"):
            return self._log.fetch(path, limit)
        if path not in self._kept:
            self._kept[path] = self._log.fetch(path, limit)
        return self._kept[path]


def make_archive(
    log: OneMoment, head: Mapping[str, Any], opened: Iterable[Mapping[str, Any]], *, now: datetime, words: str
) -> bytes:
    """Return a zip with a receipt for each opening in `opened` (the door's, to `chain.open`).

    `head` is the door's, to `chain.show`; `words` the text for people.

    Raises:
        ReceiptNotYetError: the newest published checkpoint does not cover all of them.
        LedgerError: what is published does not fit an entry; nothing is handed out.
    """
    at = now.astimezone(BRUSSELS).timetuple()[:6]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:

        def put(name: str, data: bytes) -> None:
            archive.writestr(zipfile.ZipInfo(name, at), data, zipfile.ZIP_DEFLATED)

        put("LEESMIJ.txt", words.encode())
        put("stand.note", b64decode(head["note"]))
        for one in opened:
            receipt = make_receipt(log, one["index"], {**one, "head": head["note"]})
            put(f"{one['counter']:06}-bewijs-{one['index']}.tlog-proof", receipt)
        put("sleutels.txt", log.fetch("vkey", MAX_VKEYS_LENGTH))
    return packed.getvalue()
