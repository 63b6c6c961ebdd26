"""Policies: which witnesses must have cosigned a checkpoint before it counts (c2sp.org/tlog-policy).

    log <vkey> [<url>]
    witness <name> <vkey> [<url>]
    group <name> <k>|any|all <member>...
    quorum <name>|none

A witness's URL is the prefix of its `add-checkpoint`. Names mean something in the file only; a name is defined
before it is used, and is a member of one group at most.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field

from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.cosignature import Cosignature, WitnessKey, open_cosignatures
from ledger.errors import MalformedError, QuorumError
from ledger.note import VerifierKey

MAX_POLICY_LENGTH = 65_536
_CONTROL = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")
_THRESHOLD = re.compile("[1-9][0-9]{0,4}")
_NONE = "none"


@dataclass(frozen=True, slots=True)
class LogLine:
    """A log that the policy accepts; of one log several keys while they change."""

    key: VerifierKey
    url: str | None = None


@dataclass(frozen=True, slots=True)
class WitnessLine:
    """A witness: its name in the policy, its key, and where it takes checkpoints."""

    name: str
    key: WitnessKey
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Holds where at least `threshold` of its members (witnesses or groups) hold."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Witnessed:
    """A checkpoint that meets a policy: who cosigned it when, by the witnesses' names in the policy.

    Times are seconds since 1970-01-01 UTC.
    """

    checkpoint: Checkpoint
    times: Mapping[str, int]


@dataclass(frozen=True)
class Policy:
    """A parsed policy; `quorum` is the name of a witness or group, None where none is asked."""

    logs: tuple[LogLine, ...]
    witnesses: tuple[WitnessLine, ...]
    groups: tuple[Group, ...]
    quorum: str | None

    @property
    def witness_keys(self) -> list[WitnessKey]:
        return [one.key for one in self.witnesses]

    def log_keys(self, origin: str) -> list[VerifierKey]:
        """Return the keys of the log `origin`."""
        return [one.key for one in self.logs if one.key.name == origin]

    def check(self, note: bytes, now: int | None, log_keys: Sequence[VerifierKey] = ()) -> Witnessed:
        """Return the checkpoint of a signed note and who cosigned it when, once the quorum is met.

        `log_keys` are trusted beside the policy's own logs; a policy may name none. `now` is the reader's
        time; cosignatures from the future are refused, None refuses none.

        Raises:
            MalformedError, SignatureError: the note is not the log's, or a known witness's line does not verify.
            QuorumError: too few of the witnesses cosigned.
        """
        checkpoint = open_checkpoint(note, [*(one.key for one in self.logs), *log_keys])
        times = self.times(open_cosignatures(note, self.witness_keys, now))
        self.require(times.keys())
        return Witnessed(checkpoint, times)

    def times(self, cosignatures: Sequence[Cosignature]) -> dict[str, int]:
        """Return the times of these cosignatures by the witnesses' names in this policy."""
        names = {one.key: one.name for one in self.witnesses}
        return {names[one.witness]: one.time_unix for one in cosignatures if one.witness in names}

    def require(self, names: Set[str]) -> None:
        """Raise QuorumError unless these witnesses together make the quorum."""
        if self.quorum is not None and not self._holds(names):
            told = ", ".join(ascii(name)[1:-1] for name in sorted(names)) or "none of its witnesses"
            raise QuorumError(f"the policy's quorum {self.quorum!a} is not met: cosigned by {told}")

    def time_of_quorum(self, times: Mapping[str, int]) -> int | None:
        """Return the newest time at which, or after which, a whole quorum cosigned.

        None where the quorum is not met, or where the policy asks for nobody.
        """
        if self.quorum is None:
            return None
        for time_unix in sorted(set(times.values()), reverse=True):
            if self._holds({name for name, at in times.items() if at >= time_unix}):
                return time_unix
        return None

    def _holds(self, names: Set[str]) -> bool:
        holds = {one.name: one.name in names for one in self.witnesses}
        for group in self.groups:  # members stand before the group
            holds[group.name] = sum(holds[member] for member in group.members) >= group.threshold
        return holds[self.quorum or _NONE]


def parse_policy(data: bytes) -> Policy:
    """Parse a policy file.

    Octets beyond ASCII are opaque (surrogates in the names of the result).

    Raises:
        MalformedError: anything else than the specified form; names the line, counted from 1.
    """
    if len(data) > MAX_POLICY_LENGTH:
        raise MalformedError(f"the policy is longer than {MAX_POLICY_LENGTH} bytes")
    if not data.endswith(b"\n"):
        raise MalformedError("the last line of the policy does not end in a line feed")
    parser = _Parser()
    for number, line in enumerate(data[:-1].split(b"\n"), 1):
        try:
            parser.read(line)
        except MalformedError as error:
            raise MalformedError(f"line {number} of the policy: {error}") from error
    return parser.policy()


@dataclass
class _Parser:
    logs: list[LogLine] = field(default_factory=list)
    witnesses: list[WitnessLine] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    quorum: str = ""
    defined: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)

    def read(self, line: bytes) -> None:
        if _CONTROL.search(line):
            raise MalformedError("a control character other than the tab")
        items = [item.decode("utf-8", "surrogateescape") for item in re.split(rb"[ \t]+", line.strip(b" \t"))]
        if items[0] == "" or items[0].startswith("#"):
            return
        kinds: dict[str, Callable[[Sequence[str]], None]] = {
            "log": self._log,
            "witness": self._witness,
            "group": self._group,
            "quorum": self._quorum,
        }
        if items[0] not in kinds:
            raise MalformedError("begins with something else than log, witness, group or quorum")
        kinds[items[0]](items[1:])

    def policy(self) -> Policy:
        if not self.quorum:
            raise MalformedError("the policy has no quorum line")
        quorum = None if self.quorum == _NONE else self.quorum
        return Policy(tuple(self.logs), tuple(self.witnesses), tuple(self.groups), quorum)

    def _log(self, items: Sequence[str]) -> None:
        if len(items) not in (1, 2):
            raise MalformedError("a log line reads: log <vkey> [<url>]")
        key = VerifierKey.parse(items[0])
        self._claim(key.public_key)
        self.logs.append(LogLine(key, *items[1:]))

    def _witness(self, items: Sequence[str]) -> None:
        if len(items) not in (2, 3):
            raise MalformedError("a witness line reads: witness <name> <vkey> [<url>]")
        key = WitnessKey.parse(items[1])
        self._claim(key.public_key)
        self._define(items[0])
        self.witnesses.append(WitnessLine(items[0], key, *items[2:]))

    def _group(self, items: Sequence[str]) -> None:
        if len(items) < 3:
            raise MalformedError("a group line reads: group <name> <k>|any|all <member>...")
        name, rule, *members = items
        for member in members:
            self._must_be_defined(member)
            if member in self.used:
                raise MalformedError("a name is a member of one group at most, and once")
            self.used.add(member)
        self._define(name)
        self.groups.append(Group(name, _threshold(rule, len(members)), tuple(members)))

    def _quorum(self, items: Sequence[str]) -> None:
        if len(items) != 1:
            raise MalformedError("a quorum line reads: quorum <name>|none")
        if self.quorum:
            raise MalformedError("a second quorum line")
        if items[0] != _NONE:
            self._must_be_defined(items[0])
        self.quorum = items[0]

    def _define(self, name: str) -> None:
        if name == _NONE or name in self.defined:
            raise MalformedError("this name is taken")
        self.defined.add(name)

    def _must_be_defined(self, name: str) -> None:
        if name not in self.defined:
            raise MalformedError("names a witness or group that no line before it defines")

    def _claim(self, public_key: bytes) -> None:
        """Refuse one public key in two lines: it would count twice, or a log would witness itself."""
        logs, witnesses = (
            [one.key.public_key for one in self.logs],
            [one.key.public_key for one in self.witnesses],
        )
        if public_key in logs + witnesses:
            raise MalformedError("this public key stands in an earlier line")


def _threshold(rule: str, members: int) -> int:
    if rule in ("any", "all"):
        return 1 if rule == "any" else members
    if not _THRESHOLD.fullmatch(rule) or int(rule) > members:
        raise MalformedError("a group's threshold is any, all, or a number from 1 to that of its members")
    return int(rule)
