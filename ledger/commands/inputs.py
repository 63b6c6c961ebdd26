"""What the subcommands share: exit statuses, keys and files from the command line, text fit for a terminal."""

from __future__ import annotations

import argparse
import binascii
import os
from pathlib import Path

from ledger.errors import MalformedError
from ledger.note import VerifierKey
from ledger.policy import MAX_POLICY_LENGTH, Policy, parse_policy
from ledger.sources import fetch_url

HOLDS, FAILS, MISUSED, UNREACHABLE = 0, 1, 2, 3
_MAX_KEY_FILE = 4096


def add_key(parser: argparse.ArgumentParser) -> None:
    """Add the option `--key` of every command that trusts a log's key."""
    parser.add_argument(
        "--key",
        metavar="VKEY",
        action="append",
        required=True,
        help="the log's verifier key, or a file or web address whose first line it is; may be repeated",
    )


def read_key(value: str) -> VerifierKey:
    """Return the log's or the door's key that is given as such, or that is the first line of a file or web page."""
    return VerifierKey.parse(read_key_text(value))


def read_key_text(value: str) -> str:
    """Return a verifier key of any type as text, given as such, or as the first line of a file or web page.

    Raises:
        MalformedError: the file cannot be read, or is too long.
        NotPublishedError, UnreachableError: the web page cannot be read.
    """
    return _key_lines(value)[0]


def read_door_key(value: str) -> VerifierKey:
    """Return the door's key: given as such, or the second line of a file or web page that has two keys."""
    lines = _key_lines(value)
    return VerifierKey.parse(lines[1] if len(lines) > 1 and lines[1] else lines[0])


def _key_lines(value: str) -> list[str]:
    if "://" in value:
        text = fetch_url(value, _MAX_KEY_FILE).decode("utf-8", "replace")
    elif "+" not in value or os.path.isfile(value):
        text = read_file(Path(value), _MAX_KEY_FILE).decode("utf-8", "replace")
    else:
        text = value
    return text.split("\n")


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
