"""Cosignatures: a witness's word that at a time it had seen one history of a log (c2sp.org/tlog-cosignature v1.0.0).

A cosignature/v1 is a signature line under the checkpoint, by an Ed25519 key of the type 0x04:

    U+2014 " " name " " base64(key ID ‖ uint64be time ‖ Ed25519 signature)

over `cosignature/v1` LF, `time ` and the time LF, and the checkpoint's text. Times are seconds since
1970-01-01 UTC. A log's own key never counts as a witness's: the type is another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nacl.signing import SigningKey as Ed25519SigningKey

from ledger.checkpoint import parse_checkpoint
from ledger.encoding import encode_text, require_hash
from ledger.errors import MalformedError, SignatureError
from ledger.note import (
    check_name,
    check_signature,
    key_id,
    parse_line,
    read_vkey,
    signature_line,
    split_note,
    write_vkey,
)

COSIGNATURE = b"\x04"
MAX_TIME = 2**63 - 1
TOLERANCE_SECONDS = 300
"""How far a witness's clock may run ahead of the reader's."""
_TIME_LENGTH = 8
_LENGTH = _TIME_LENGTH + 64


@dataclass(frozen=True)
class WitnessKey:
    """A witness's public key: name, and Ed25519 public key of the type 0x04."""

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        check_name(self.name)
        require_hash(self.public_key, "public key")

    @property
    def key_id(self) -> bytes:
        """The first four bytes of SHA-256(name ‖ LF ‖ 0x04 ‖ public key)."""
        return key_id(self.name, COSIGNATURE, self.public_key)

    def __str__(self) -> str:
        return write_vkey(self.name, COSIGNATURE, self.public_key)

    @classmethod
    def parse(cls, vkey: str) -> WitnessKey:
        """Parse `name+hash+base64`, as printed by `str()`.

        Raises:
            MalformedError: not a verifier key, not of the type 0x04 (a log's own key, ML-DSA-44), or its hash
                does not fit.
        """
        return cls(*read_vkey(vkey, COSIGNATURE))


class CosigningKey:
    """A witness's key that cosigns checkpoints. The seed never shows in its repr."""

    def __init__(self, name: str, seed: bytes) -> None:
        self._key = Ed25519SigningKey(require_hash(seed, "seed"))
        self.verifier = WitnessKey(name, bytes(self._key.verify_key))

    @property
    def name(self) -> str:
        return self.verifier.name

    @property
    def vkey(self) -> str:
        """The verifier key to publish, `name+hash+base64`."""
        return str(self.verifier)

    def cosign(self, text: str, time_unix: int) -> str:
        """Return the cosignature line over a checkpoint's text, with its LF.

        Raises:
            MalformedError: the text is no checkpoint's, or the time is out of range.
        """
        parse_checkpoint(text)
        if not 0 <= time_unix <= MAX_TIME:
            raise MalformedError("the time of a cosignature is out of range")
        signature = self._key.sign(encode_text(_signed(text, time_unix), "checkpoint")).signature
        time = time_unix.to_bytes(_TIME_LENGTH, "big")
        return signature_line(self.name, self.verifier.key_id, time + signature)

    def __repr__(self) -> str:
        return f"CosigningKey({self.vkey})"


@dataclass(frozen=True, slots=True)
class Cosignature:
    """That `witness` had seen the checkpoint at `time_unix` (seconds since 1970, UTC); `line` says so."""

    witness: WitnessKey
    time_unix: int
    line: str


def open_cosignatures(
    data: bytes, witnesses: Sequence[WitnessKey], now: int | None = None
) -> list[Cosignature]:
    """Return the cosignatures of a checkpoint's note by the witnesses that are known, each witness once.

    Lines by others are ignored. Of several lines by one witness all must verify, and the newest counts. Says
    nothing of the log's own signature.

    Raises:
        MalformedError: not a note over a checkpoint, or a known witness's line in another form.
        SignatureError: a known witness's line that does not verify, or that lies in the future by more than
            TOLERANCE_SECONDS after `now`.
    """
    text, lines = split_note(data)
    parse_checkpoint(text)
    known = {(key.name, key.key_id): key for key in witnesses}
    newest: dict[WitnessKey, Cosignature] = {}
    for line in lines:
        name, told_id, payload = parse_line(line)
        witness = known.get((name, told_id))
        if witness is None:
            continue
        one = Cosignature(witness, _verified_time(witness, text, payload, now), f"{line}\n")
        if witness not in newest or newest[witness].time_unix < one.time_unix:
            newest[witness] = one
    return list(newest.values())


def _verified_time(witness: WitnessKey, text: str, payload: bytes, now: int | None) -> int:
    if len(payload) != _LENGTH:
        raise MalformedError(f"a cosignature of {witness.name!r} has not {_LENGTH} bytes behind its key ID")
    time_unix = int.from_bytes(payload[:_TIME_LENGTH], "big")
    if time_unix > MAX_TIME:
        raise MalformedError(f"the time of a cosignature of {witness.name!r} is out of range")
    check_signature(witness.name, witness.public_key, _signed(text, time_unix), payload[_TIME_LENGTH:])
    if now is not None and time_unix > now + TOLERANCE_SECONDS:
        raise SignatureError(f"a cosignature of {witness.name!r} is from the future")
    return time_unix


def _signed(text: str, time_unix: int) -> str:
    return f"cosignature/v1\ntime {time_unix}\n{text}"
