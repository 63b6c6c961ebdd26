"""A witness's key in a file: `PRIVATE+KEY+name+hash+base64(0x04 ‖ seed)`, the form that Go's sumdb/note has too."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from ledger.cosignature import COSIGNATURE, CosigningKey
from ledger.encoding import HASH_LENGTH, decode_base64, encode_base64
from ledger.errors import MalformedError, StateError

_PREFIX = "PRIVATE+KEY+"
_MAX_LENGTH = 4096


def make_key_file(path: Path, name: str) -> CosigningKey:
    """Make a key of this name in a new file that its owner alone can read.

    Raises:
        MalformedError: the name cannot name a key.
        StateError: the file exists, or cannot be made. Nothing is overwritten.
    """
    seed = secrets.token_bytes(HASH_LENGTH)
    key = CosigningKey(name, seed)
    text = f"{_PREFIX}{name}+{key.verifier.key_id.hex()}+{encode_base64(COSIGNATURE + seed)}\n"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError as error:
        raise StateError(
            f"{path} exists, and was left as it is: a witness keeps its key, for logs and readers know it by that."
            " Start it with this file (`ledger witness serve --key`), or name another file for another witness"
        ) from error
    except OSError as error:
        raise StateError(f"{path} cannot be made: {error.strerror}") from error
    return key


def read_key_file(path: Path) -> CosigningKey:
    """Return the key in a file.

    Raises:
        MalformedError: the file cannot be read, or is no key file of a witness; never shows what is in it.
    """
    try:
        with path.open("rb") as file:
            text = file.read(_MAX_LENGTH).decode("utf-8")
    except OSError as error:
        raise MalformedError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise MalformedError(f"{path} holds no witness's key") from None
    name, _, rest = text.removesuffix("\n").removeprefix(_PREFIX).partition("+")
    told_id, _, data_text = rest.partition("+")
    try:
        data = decode_base64(data_text)
        if not text.startswith(_PREFIX) or len(data) != 1 + HASH_LENGTH or data[:1] != COSIGNATURE:
            raise MalformedError("another form")
        key = CosigningKey(name, data[1:])
        if key.verifier.key_id.hex() != told_id:
            raise MalformedError("another hash")
    except MalformedError:
        raise MalformedError(f"{path} holds no witness's key, or a damaged one") from None
    return key
