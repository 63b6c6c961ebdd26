"""The home directory: which process keeps which file where.

    postgres/            the embedded server's data and passwords
    keys/                the door's key store: own backup, own retention, never beside a database backup
    door/                the door's promise key, the hashes of the keys of operator, intake, clerk and postman
    publisher/           the log's key and the publisher's memory (the last checkpoint it signed)
    ledger/              what is published: checkpoint, tiles, vkey, policy
    witness/             the demo's witness: its key, what it cosigned, the policy that asks for it
    identity/            of the identity provider: what it is (provider.toml), and our own keys for it (client.jwks);
                         in the demo the stand-in's public key
    operator.key         what the command line shows the door; never the web's
    intake.key           what intake shows the door: good for taking files in, and for nothing else
    postman.key          what the postman shows the door: good for opening what is to be delivered
    clerk.key            what the clerk shows the door: good for having written down what time did
    intake/              intake's key for batches on their way, and the public keys of the head-ends that send them
    web.key              the web's own secret (form tokens)
    origin               the log's name

Everything is made with mode 0600 or 0700.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from databeheer.errors import UnavailableError
from ledger.note import SigningKey, VerifierKey
from ledger.vkeys import keys_of_log, parse_vkeys

CHECKOUT = Path(__file__).resolve().parents[2]
HOME_VARIABLE = "DATABEHEER_HOME"


@dataclass(frozen=True)
class Home:
    """The directory of one house; paths only, nothing is made before it is asked for."""

    path: Path

    @classmethod
    def from_environment(cls) -> Home:
        """The directory of DATABEHEER_HOME, `var/` in the checkout where it is not set."""
        return cls(Path(os.environ.get(HOME_VARIABLE) or CHECKOUT / "var").absolute())

    def exists(self) -> bool:
        """Say whether a house was made here."""
        return self.origin_file.exists()

    def require(self) -> None:
        """See that there is a house, before anything is started or made for a command that works on one.

        Raises:
            UnavailableError: there is none; says what to do.
        """
        if not self.exists():
            raise UnavailableError(
                f"there is no house in {self.path}; nothing was made or changed. Set {HOME_VARIABLE} to where the house"
                " is, or give --demo for the demo's (`make demo` makes that one); `databeheer ingest --register FILE`"
                " makes a new house"
            )

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    @property
    def keys(self) -> Path:
        return self.path / "keys"

    @property
    def ledger(self) -> Path:
        return self.path / "ledger"

    @property
    def publisher_memory(self) -> Path:
        return self.path / "publisher" / "memory"

    @property
    def log_key(self) -> Path:
        return self.path / "publisher" / "log.key"

    @property
    def witness_key(self) -> Path:
        return self.path / "witness" / "witness.key"

    @property
    def witness_state(self) -> Path:
        return self.path / "witness" / "state"

    @property
    def witness_policy(self) -> Path:
        return self.path / "witness" / "policy"

    @property
    def promise_key(self) -> Path:
        return self.path / "door" / "promise.key"

    @property
    def operator_key(self) -> Path:
        return self.path / "operator.key"

    @property
    def operator_key_hash(self) -> Path:
        return self.path / "door" / "operator.sha256"

    @property
    def intake_key(self) -> Path:
        return self.path / "intake.key"

    @property
    def intake_key_hash(self) -> Path:
        return self.path / "door" / "intake.sha256"

    @property
    def batch_key(self) -> Path:
        return self.path / "intake" / "batch.key"

    @property
    def batch_key_before(self) -> Path:
        return self.path / "intake" / "batch.key.before"

    @property
    def batch_senders(self) -> Path:
        return self.path / "intake" / "senders"

    @property
    def clerk_key(self) -> Path:
        return self.path / "clerk.key"

    @property
    def clerk_key_hash(self) -> Path:
        return self.path / "door" / "clerk.sha256"

    @property
    def postman_key(self) -> Path:
        return self.path / "postman.key"

    @property
    def postman_key_hash(self) -> Path:
        return self.path / "door" / "postman.sha256"

    @property
    def web_key(self) -> Path:
        return self.path / "web.key"

    @property
    def origin_file(self) -> Path:
        return self.path / "origin"

    @property
    def provider_key(self) -> Path:
        return self.path / "identity" / "provider.key"

    @property
    def provider_public_key(self) -> Path:
        return self.path / "identity" / "provider.key.pub"

    @property
    def provider_file(self) -> Path:
        return self.path / "identity" / "provider.toml"

    @property
    def logs(self) -> Path:
        return self.path / "log"

    @property
    def origin(self) -> str:
        """The log's name, fixed when the log was made."""
        return self.origin_file.read_text().strip()

    @property
    def run(self) -> Path:
        """A private directory with a short path for sockets: theirs may have about a hundred bytes."""
        name = hashlib.sha256(str(self.path).encode()).hexdigest()[:12]
        directory = Path(tempfile.gettempdir()) / f"databeheer-{os.getuid()}-{name}"
        directory.mkdir(mode=0o700, exist_ok=True)
        if directory.is_symlink() or directory.stat().st_uid != os.getuid():
            raise PermissionError(f"{directory} belongs to somebody else; remove it")
        directory.chmod(0o700)
        return directory

    @property
    def door_socket(self) -> Path:
        return self.run / "door.sock"

    @property
    def story_socket(self) -> Path:
        """Of the door with the storyteller's clock, while the demo's story is told; no other process is given it."""
        return self.run / "story.sock"

    @property
    def courier_socket(self) -> Path:
        return self.run / "courier.sock"

    @property
    def supervisor_socket(self) -> Path:
        return self.run / "supervisor.sock"

    def make_secrets(self, origin: str) -> None:
        """Make the keys and the log's name where they are missing; what exists is never overwritten."""
        _make(self.origin_file, origin)
        _make(self.log_key, secrets.token_hex(32))
        _make(self.promise_key, secrets.token_hex(32))
        _make(self.operator_key, secrets.token_urlsafe(32))
        _make(self.operator_key_hash, sha256(self.operator_key.read_text().encode()).hexdigest())
        _make(self.intake_key, secrets.token_urlsafe(32))
        _make(self.intake_key_hash, sha256(self.intake_key.read_text().encode()).hexdigest())
        _make(self.batch_key, secrets.token_hex(32))
        _make(self.clerk_key, secrets.token_urlsafe(32))
        _make(self.clerk_key_hash, sha256(self.clerk_key.read_text().encode()).hexdigest())
        _make(self.postman_key, secrets.token_urlsafe(32))
        _make(self.postman_key_hash, sha256(self.postman_key.read_text().encode()).hexdigest())
        _make(self.web_key, secrets.token_urlsafe(48))
        self.ledger.mkdir(mode=0o755, parents=True, exist_ok=True)
        _make(self.ledger / "vkey", f"{self.log_signer().vkey}\n{self.door_signer().vkey}\n", 0o644)
        self.logs.mkdir(mode=0o700, exist_ok=True)

    def log_signer(self) -> SigningKey:
        """The log's key; the publisher's alone."""
        return SigningKey(self.origin, bytes.fromhex(self.log_key.read_text()))

    def published_log_keys(self) -> list[VerifierKey]:
        """The log's keys as published: two while they change."""
        return keys_of_log(parse_vkeys((self.ledger / "vkey").read_text()))

    def door_signer(self) -> SigningKey:
        """The key that the door signs promises with."""
        return SigningKey(f"{self.origin}/door", bytes.fromhex(self.promise_key.read_text()))


def _make(path: Path, content: str, mode: int = 0o600) -> None:
    if not path.exists():
        keep_privately(path, content, mode)


def keep_privately(path: Path, content: str, mode: int = 0o600) -> None:
    """Write a file of the house whole or not at all, for its own user alone."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)
