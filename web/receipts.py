"""Receipts: a `.tlog-proof` (c2sp.org/tlog-proof) from the published tiles and the opening that the door gives.

It is checked before it leaves: one that a stranger's verifier would refuse is a fault of ours.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from databeheer.errors import DatabeheerError
from ledger import receipt
from ledger.commitment import Opening
from ledger.errors import NotPublishedError
from ledger.sources import Source
from ledger.vkeys import MAX_VKEYS_LENGTH, keys_of_log, parse_vkeys

MEDIA_TYPE = "text/plain; charset=utf-8"


class ReceiptNotYetError(DatabeheerError):
    """The entry is recorded, but no published checkpoint covers it so far."""

    code = "receipt-not-yet"
    retry_after = 1


def make_receipt(log: Source, index: int, answer: Mapping[str, Any]) -> bytes:
    """Return the receipt of entry `index` of the published `log`; `answer` is the door's, to `receipt.opening`.

    Raises:
        ReceiptNotYetError: the newest published checkpoint does not cover the entry.
        LedgerError: what is published does not fit the entry; nothing is handed out.
    """
    head = b64decode(answer["head"]) if answer.get("head") else None
    opening = Opening.from_dict(answer["opening"])
    try:
        keys = keys_of_log(parse_vkeys(log.fetch("vkey", MAX_VKEYS_LENGTH).decode("utf-8")))
        entry = b64decode(answer["entry"])
        return receipt.from_log(log, keys, index, entry, opening, head)
    except NotPublishedError as error:
        raise ReceiptNotYetError(
            "no published checkpoint covers this entry yet; ask again in a moment"
        ) from error
