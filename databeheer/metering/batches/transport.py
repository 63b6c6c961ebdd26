"""The way of a batch from head-end to intake: sealed to intake's public key, signed by the head-end (R173).

The manifest is signed as it stands; it holds the SHA-256 of the sealed data, so the signature is over those too, and
nothing is opened whose sender is not known. Whoever carries the files, or keeps a copy of them, reads nothing in
them, not even the head-end: the key that seals them is thrown away.

Sealed data: `databeheer-batch-1` and a line end; 32 bytes, the public half of an X25519 key made for this batch alone;
the header of libsodium's secretstream (XChaCha20-Poly1305); chunks of 64 KiB of the Parquet file and 17 bytes more, the
last one shorter or equal and marked as the last. The stream's key is BLAKE2b-256 of both public halves under the
shared secret. Each chunk's associated data are sender and batch: no data open under another's name.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nacl import bindings
from nacl.exceptions import BadSignatureError, CryptoError
from nacl.public import PrivateKey, PublicKey
from nacl.signing import SigningKey, VerifyKey

from databeheer.errors import MalformedRequestError
from databeheer.metering.batches.manifest import (
    LARGEST_DATA,
    MANIFEST_NAME,
    Manifest,
    read_data,
    read_manifest,
)
from databeheer.metering.batches.problems import BatchProblem, BatchRefusedError

MAGIC = b"databeheer-batch-1\n"
SIGNATURE_NAME = "manifest.sig"
CHUNK = 64 * 1024
_OVER = bindings.crypto_secretstream_xchacha20poly1305_ABYTES
_HEADER = bindings.crypto_secretstream_xchacha20poly1305_HEADERBYTES
_LAST = bindings.crypto_secretstream_xchacha20poly1305_TAG_FINAL
_MESSAGE = bindings.crypto_secretstream_xchacha20poly1305_TAG_MESSAGE
_KEY_LENGTH = 32
_CONTEXT = b"databeheer batch manifest 1\n"
"""Before the manifest, in what is signed: no signature over anything else is one over a manifest."""
_START = len(MAGIC) + _KEY_LENGTH + _HEADER
LARGEST_SEALED = LARGEST_DATA + (LARGEST_DATA // CHUNK + 1) * _OVER + _START


@dataclass(frozen=True)
class Sender:
    """A head-end: its public key, and of which grid operators' meters it may send."""

    key: VerifyKey
    operators: frozenset[int] = frozenset({1})


@dataclass(frozen=True)
class Transport:
    """Intake's half: its private keys, the newest first, and the head-ends, by their names.

    There are two private keys while they change: what was sealed to the one before still arrives.
    """

    private: Sequence[PrivateKey] = field(repr=False)
    senders: Mapping[str, Sender]

    def open(self, manifest: Manifest) -> bytes:
        """Return the Parquet file of a batch.

        Raises:
            BatchRefusedError: it bears no signature of the sender that the manifest names, that one reads other grid
                operators' meters, its data are others than it says, or they do not open with these keys under this
                name.
        """
        self._check_signature(manifest)
        return self.opened(read_data(manifest, LARGEST_SEALED), manifest.sender, manifest.batch)

    def _check_signature(self, manifest: Manifest) -> None:
        sender = self.senders.get(manifest.sender)
        if sender is None:
            raise BatchRefusedError(
                BatchProblem.UNKNOWN_SENDER,
                "no key of this sender is registered: give intake the public key that batch seal prints",
            )
        try:
            with (manifest.data.parent / SIGNATURE_NAME).open("rb") as stream:
                signature = b64decode(stream.read(200).strip(), validate=True)
            sender.key.verify(_CONTEXT + manifest.content, signature)
        except OSError as error:
            raise BatchRefusedError(
                BatchProblem.NOT_SIGNED,
                f"there is no {SIGNATURE_NAME} beside the manifest: seal and sign it (batch seal)",
            ) from error
        except (BadSignatureError, ValueError) as error:
            raise BatchRefusedError(
                BatchProblem.NOT_SIGNED, "the signature is not the sender's over this manifest"
            ) from error
        if manifest.operator not in sender.operators:
            raise BatchRefusedError(
                BatchProblem.NOT_ITS_GRID, "this sender does not read the meters of that grid operator"
            )

    def opened(self, sealed: bytes, sender: str, batch: str) -> bytes:
        """Open the data of a batch of that name.

        Raises:
            BatchRefusedError: they are not sealed, or do not open.
        """
        if not sealed.startswith(MAGIC) or len(sealed) < _START + _OVER:
            raise BatchRefusedError(
                BatchProblem.NOT_SEALED,
                "the data are not sealed (batch seal): what comes from meters travels sealed (R173)",
            )
        for private in self.private:
            try:
                return b"".join(_chunks(private, sealed, _name(sender, batch)))
            except (CryptoError, RuntimeError):
                continue
        raise BatchRefusedError(
            BatchProblem.DOES_NOT_OPEN,
            "the data do not open: sealed to another key or for another batch, or changed or cut on the way",
        )


def seal_data(data: bytes, sender: str, batch: str, recipient: PublicKey) -> bytes:
    """Seal the Parquet file of a batch to intake's public key: what a head-end does."""
    own = PrivateKey.generate()
    public = bytes(own.public_key)
    key = _stream_key(bindings.crypto_scalarmult(bytes(own), bytes(recipient)), public, bytes(recipient))
    state = bindings.crypto_secretstream_xchacha20poly1305_state()
    header = bindings.crypto_secretstream_xchacha20poly1305_init_push(state, key)
    name, parts = _name(sender, batch), [MAGIC, public, header]
    for start in range(0, max(len(data), 1), CHUNK):
        tag = _LAST if start + CHUNK >= len(data) else _MESSAGE
        chunk = data[start : start + CHUNK]
        parts.append(bindings.crypto_secretstream_xchacha20poly1305_push(state, chunk, name, tag))
    return b"".join(parts)


def sign_manifest(content: bytes, key: SigningKey) -> bytes:
    """Return what `manifest.sig` holds: the head-end's signature over its manifest, base64 and a line end."""
    return b64encode(key.sign(_CONTEXT + content).signature) + b"\n"


def _chunks(private: PrivateKey, sealed: bytes, name: bytes) -> Iterator[bytes]:
    """Yield the chunks; the last one must say that it is, and nothing may follow.

    Raises:
        CryptoError, RuntimeError: they do not open.
    """
    public, header = sealed[len(MAGIC) : len(MAGIC) + _KEY_LENGTH], sealed[_START - _HEADER : _START]
    key = _stream_key(bindings.crypto_scalarmult(bytes(private), public), public, bytes(private.public_key))
    state = bindings.crypto_secretstream_xchacha20poly1305_state()
    bindings.crypto_secretstream_xchacha20poly1305_init_pull(state, header, key)
    tag = _MESSAGE
    for at in range(_START, len(sealed), CHUNK + _OVER):
        if tag == _LAST:
            raise RuntimeError("something follows the last chunk")
        chunk, tag = bindings.crypto_secretstream_xchacha20poly1305_pull(
            state, sealed[at : at + CHUNK + _OVER], name
        )
        yield chunk
    if tag != _LAST:
        raise RuntimeError("the last chunk is missing")


def _stream_key(shared: bytes, public: bytes, recipient: bytes) -> bytes:
    return hashlib.blake2b(public + recipient, key=shared, person=b"batch-stream", digest_size=32).digest()


def _name(sender: str, batch: str) -> bytes:
    return f"{sender}\n{batch}".encode()


def seal_batch(folder: Path, into: Path, recipient: PublicKey, key: SigningKey) -> Path:
    """Seal and sign the batch in `folder` (manifest and Parquet file) into another folder; returns that one.

    What a head-end does before it sends; the manifest is written anew, with the checksum of the sealed data.

    Raises:
        BatchRefusedError: `folder` holds no batch, or one that is sealed already.
        MalformedRequestError: `into` is `folder`: the Parquet file would be written over, and nobody here can open
            what is sealed.
    """
    if into.resolve() == folder.resolve():
        raise MalformedRequestError("the sealed batch goes into another directory than the batch itself")
    manifest = read_manifest(folder / MANIFEST_NAME)
    data = read_data(manifest)
    if data.startswith(MAGIC):
        raise BatchRefusedError(BatchProblem.NOT_PARQUET, "the data are sealed already")
    sealed = seal_data(data, manifest.sender, manifest.batch, recipient)
    members = json.loads(manifest.content)
    members["sha256"] = hashlib.sha256(sealed).hexdigest()
    content = json.dumps(members, indent=2).encode() + b"\n"
    into.mkdir(parents=True, exist_ok=True)
    (into / manifest.data.name).write_bytes(sealed)
    (into / MANIFEST_NAME).write_bytes(content)
    (into / SIGNATURE_NAME).write_bytes(sign_manifest(content, key))
    return into
