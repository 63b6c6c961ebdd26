"""The keys of a batch's way, as intake's machine keeps them, and the commands on them.

    intake/batch.key            X25519 seed (hex): opens what head-ends send; nobody else has it
    intake/batch.key.before     the one before, while what was sealed to it still arrives
    intake/senders/<name>.pub   each head-end's Ed25519 key (base64), by the name that its manifests bear; on a second
                                line the numbers of the grid operators whose meters it reads (without one: 1)

They open no stored reading and prove nothing to the door.
"""

from __future__ import annotations

import os
import re
import secrets
from base64 import b64decode, b64encode
from collections.abc import Collection, Mapping
from pathlib import Path

from nacl.public import PrivateKey, PublicKey
from nacl.signing import SigningKey, VerifyKey

from databeheer.errors import MalformedRequestError, UnavailableError
from databeheer.metering.batches.transport import Sender, Transport
from databeheer.site.home import Home

PLAIN_VARIABLE = "DATABEHEER_PLAIN_BATCHES"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def transport_of(home: Home, *, of_demo: bool, environment: Mapping[str, str]) -> Transport | None:
    """Return what opens batches here; None where plain ones are taken: in the demo, or by the setting.

    Raises:
        UnavailableError: this house has no key for batches.
    """
    if of_demo or environment.get(PLAIN_VARIABLE) == "1":
        return None
    keys = [_private(path) for path in (home.batch_key, home.batch_key_before) if path.exists()]
    if not keys:
        raise UnavailableError("there is no key for batches here: give databeheer batch key")
    return Transport(keys, senders(home))


def public_key(home: Home) -> PublicKey:
    """The public key for head-ends to seal to; the key is made where there is none."""
    if not home.batch_key.exists():
        _write(home.batch_key, secrets.token_hex(32))
    return _private(home.batch_key).public_key


def change_key(home: Home) -> PublicKey:
    """Make a new key; the present one stays as the one before, and the one before that goes."""
    public_key(home)
    home.batch_key.replace(home.batch_key_before)
    return public_key(home)


def forget_before(home: Home) -> bool:
    """Destroy the key before: what was sealed to it opens no more. Returns whether there was one."""
    there = home.batch_key_before.exists()
    home.batch_key_before.unlink(missing_ok=True)
    return there


def senders(home: Home) -> dict[str, Sender]:
    """The head-ends that may send, by their names."""
    return {path.stem: _sender(path.read_text()) for path in sorted(home.batch_senders.glob("*.pub"))}


def add_sender(home: Home, name: str, key: str, operators: Collection[int] = (1,)) -> bool:
    """Register a head-end's public key and whose meters it reads, in the place of what it had.

    A head-end of one grid operator brings nothing of another's customers (R136). Returns whether it had another key.
    """
    if not _NAME.fullmatch(name):
        raise MalformedRequestError("a sender has 1 to 64 letters, digits, '.', '_' or '-'")
    if not operators or not all(1 <= one <= 32_000 for one in operators):
        raise MalformedRequestError("a sender reads the meters of one grid operator at least, by its number")
    numbers = " ".join(str(one) for one in sorted(set(operators)))
    spelled = b64encode(bytes(parse_sender_key(key))).decode()
    path = home.batch_senders / f"{name}.pub"
    had_another = path.exists() and path.read_text().partition("\n")[0] != spelled
    _write(path, f"{spelled}\n{numbers}\n")
    return had_another


def _sender(text: str) -> Sender:
    key, _, numbers = text.strip().partition("\n")
    try:
        operators = frozenset(int(one) for one in numbers.split())
    except ValueError as error:
        raise MalformedRequestError("a sender's file: its key, and numbers of grid operators") from error
    return Sender(parse_sender_key(key), operators or frozenset({1}))


def remove_sender(home: Home, name: str) -> bool:
    """Take a head-end's key away; returns whether there was one."""
    path = home.batch_senders / f"{name}.pub"
    there = _NAME.fullmatch(name) is not None and path.exists()
    if there:
        path.unlink()
    return there


def parse_sender_key(text: str) -> VerifyKey:
    """Read a head-end's public key; raises MalformedRequestError."""
    return VerifyKey(_thirty_two(text))


def parse_recipient(text: str) -> PublicKey:
    """Read intake's public key; raises MalformedRequestError."""
    return PublicKey(_thirty_two(text))


def sender_key(path: Path) -> SigningKey:
    """A head-end's own key (hex) in a file; made there where there is none."""
    if not path.exists():
        _write(path, secrets.token_hex(32))
    return SigningKey(_seed(path))


def _thirty_two(text: str) -> bytes:
    try:
        key = b64decode(text.strip(), validate=True)
    except ValueError as error:
        raise MalformedRequestError("a public key is 32 bytes in base64") from error
    if len(key) != 32:
        raise MalformedRequestError("a public key is 32 bytes in base64")
    return key


def _private(path: Path) -> PrivateKey:
    return PrivateKey(_seed(path))


def _seed(path: Path) -> bytes:
    try:
        seed = bytes.fromhex(path.read_text().strip())
    except (OSError, ValueError) as error:
        raise UnavailableError(f"{path.name} holds no key") from error
    if len(seed) != 32:
        raise UnavailableError(f"{path.name} holds no key")
    return seed


def _write(path: Path, content: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
