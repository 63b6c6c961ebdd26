"""What the subcommands share: exit statuses, keys and files from the command line, text fit for a terminal."""

from __future__ import annotations

import argparse
import binascii
import os
from collections.abc import Sequence
from pathlib import Path

from ledger.errors import MalformedError
from ledger.note import VerifierKey
from ledger.policy import MAX_POLICY_LENGTH, Policy, parse_policy
from ledger.sources import fetch_url
from ledger.vkeys import MAX_VKEYS_LENGTH, keys_of_door, keys_of_log, parse_vkeys

HOLDS, FAILS, MISUSED, UNREACHABLE = 0, 1, 2, 3


def add_key(parser: argparse.ArgumentParser) -> None:
    """Add the option `--key` of every command that trusts a log's key."""
    parser.add_argument(
        "--key",
        metavar="VKEY",
        action="append",
        required=True,
        help="the log's verifier key, or a file or web address that has it on its first line (further ones of that "
        "name count too); may be repeated",
    )


def read_keys(values: Sequence[str]) -> list[VerifierKey]:
    """Return the log's keys: each given as such, or in a file or web page of which it is the first line.

    Further keys of the same name there count too: while a key changes there are two.

    Raises:
        MalformedError: the file cannot be read, is too long, or does not begin with a key.
        NotPublishedError, UnreachableError: the web page cannot be read.
    """
    return [key for value in values for key in keys_of_log(_keys(value))]


def read_door_keys(value: str) -> list[VerifierKey]:
    """Return the door's keys: given as such, or in a file or web page, behind the log's or alone.

    Raises:
        As `read_keys`.
    """
    return keys_of_door(_keys(value))


def _keys(value: str) -> list[VerifierKey]:
    if "://" in value:
        text = fetch_url(value, MAX_VKEYS_LENGTH).decode("utf-8", "replace")
    elif "+" not in value or os.path.isfile(value):
        text = read_file(Path(value), MAX_VKEYS_LENGTH).decode("utf-8", "replace")
    else:
        text = value
    return parse_vkeys(text)


def read_file(path: Path, limit: int) -> bytes:
    """Return a file's bytes; raises MalformedError where it cannot be read or is longer than `limit`."""
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise MalformedError(f"{path} cannot be read: {error.strerror}") from error
    if len(data) > limit:
        raise MalformedError(f"{path} is longer than the {limit} bytes it may have")
    return data


def promise_note(data: bytes) -> bytes:
    """Return a promise's note, from a file that holds it or the base64 of the header `Ledger-Promise`."""
    try:
        return binascii.a2b_base64(data.strip(), strict_mode=True)
    except binascii.Error:
        return data


def read_policy(value: str) -> Policy:
    """Return the policy in a file, or behind a web address."""
    if "://" in value:
        return parse_policy(fetch_url(value, MAX_POLICY_LENGTH))
    return parse_policy(read_file(Path(value), MAX_POLICY_LENGTH))


def plain(text: str) -> str:
    """Return text from a log without characters that could steer a terminal."""
    return "".join(letter if letter.isprintable() else f"\\x{ord(letter):02x}" for letter in text)
