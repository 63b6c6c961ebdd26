"""The demo's stand-in for the regulator: signs the shipped list of lawful joins with a key of its own.

In earnest the regulator signs the list itself and the house knows its verifier key only.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from databeheer.joins.lists import SHIPPED
from databeheer.joins.signature import sign
from ledger.files import write_atomically
from ledger.note import SigningKey

KEY_NAME = "regulator.demo/joins"


def sign_shipped_list(folder: Path) -> dict[str, str]:
    """Sign the shipped list, making the stand-in's key in `folder` the first time.

    Returns the settings by which the door finds list, note and verifier key.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = _key(folder / "regulator.key")
    note, vkey = folder / "lawful_joins.note", folder / "regulator.vkey"
    write_atomically(note, sign(SHIPPED.read_bytes(), key))
    write_atomically(vkey, f"{key.vkey}\n".encode())
    return {
        "DATABEHEER_REGULATOR_VKEY": str(vkey),
        "DATABEHEER_JOIN_LIST": str(SHIPPED),
        "DATABEHEER_JOIN_LIST_NOTE": str(note),
    }


def _key(path: Path) -> SigningKey:
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
    return SigningKey(KEY_NAME, bytes.fromhex(path.read_text()))
