"""The door takes a proof, never a word: who is asking, shown by a live token that the door itself minted."""

from __future__ import annotations

import enum
import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from databeheer.brussels import day_of
from databeheer.errors import NotOnboardedError, UnauthenticatedError
from databeheer.identity import jose
from databeheer.identity.representations import (
    ATTORNEY,
    ENTERPRISE,
    NotForRepresentativesError,
    Power,
    RepresentationEndedError,
)
from databeheer.identity.tokens import token_hash
from databeheer.onboarding.dossier import missing_in_words
from databeheer.staff import accounts
from databeheer.storage.look import Look

LONGEST_PROOF = 512
LONGEST_TOKEN = 2048
"""Of an access token, which says whose it is; the house's own address stands in it twice."""


class AskerKind(enum.Enum):
    """In which capacity somebody asks."""

    CUSTOMER = "customer"
    INSPECTOR = "inspector"
    PARTY = "party"
    PARTY_PERSON = "party_person"
    """Somebody who acts for an enterprise, at the party pages: never for readings or permissions."""
    STAFF = "staff"
    """Somebody who works for the data manager; which roles of him count, `Asker.roles` says."""
    OPERATOR = "operator"
    INTAKE = "intake"
    CLERK = "clerk"
    POSTMAN = "postman"


@dataclass(frozen=True)
class Proof:
    """What came with a request; `kind` is session, token, operator, intake, clerk, postman, proxy, letter or none.

    `certificate`: the print (RFC 8705, x5t#S256) of the certificate that the caller's connection had, as the web says.
    It takes nothing further but a token that is bound to it, and staff that must come from a workstation (R198).
    """

    kind: str = "none"
    value: str = field(default="", repr=False)
    certificate: str = ""

    @property
    def hash(self) -> bytes:
        """SHA-256 of the value: all that the database knows of it."""
        return token_hash(self.value)


@dataclass(frozen=True)
class Asker:
    """Who asks, proven under the ledger's lock.

    `person_id` is in whose name: the person's own, or whom the person represents; then `representative_id` is who
    asks, and `representation_id` the appointment. `is_suspended`: a party that may only end things and say that it
    deleted (`or_suspended`), and is refused whatever it reads. `lacks`: what a party that is not onboarded yet lacks.
    `staff`, `enterprise`: who acts for which enterprise at the party pages, `party_id` then being the party chosen.
    `logged_in_at`: when a customer showed the identity provider who he is; `used_at`: when his session was last noted
    as used, to the minute; aware UTC.
    `account_id`, `roles`, `writes`, `employee`, `team`: of staff, as `databeheer.staff.accounts.Standing` has them;
    `lacks` is then what keeps the roles from counting.
    `for_enterprise`: he acts for an enterprise, which has no other self: what customers do themselves, he does.
    `power`: what a customer's power of attorney gives him in her name; None of a court's appointment, which gives all.
    """

    kind: AskerKind
    person_id: UUID | None = None
    representative_id: UUID | None = None
    representation_id: UUID | None = None
    party_id: UUID | None = None
    profile: str = ""
    staff: str = ""
    enterprise: str = ""
    is_suspended: bool = False
    lacks: tuple[str, ...] = ()
    logged_in_at: datetime | None = None
    used_at: datetime | None = None
    power: Power | None = None
    for_enterprise: bool = False
    account_id: UUID | None = None
    employee: bytes = field(default=b"", repr=False)
    team: str = ""
    is_external: bool = False
    roles: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()

    def reaches(self, occupancy_id: UUID) -> bool:
        """Whether he may see this stay of that person: each of them, but by a power of attorney."""
        return self.power is None or occupancy_id in self.power.stays


def check(
    connection: Connection,
    proof: Proof,
    now: datetime,
    operator_key_hash: bytes,
    *,
    or_suspended: bool = False,
    or_applicant: bool = False,
    or_party_people: bool = False,
    or_attorney: bool = False,
    or_staff: bool = False,
) -> Asker:
    """Return who the proof shows, as of `now`.

    Called in the same transaction as what the asker then does, so that a log-out or a revoked token counts. A
    suspended party is nobody, but where `or_suspended`: what it has to do then, it must be able to do (R13, R32), and
    what it tries to read is decided, refused and recorded as anybody's. A party that is not onboarded yet is told
    what is missing, whatever it calls but its own profile (`or_applicant`; R12, R114). Who acts for a party at its
    pages is nobody but where `or_party_people`: no command takes him for a customer or a program by mistake. Who acts
    by a customer's power of attorney is refused but where `or_attorney`: a command that does not know how far the
    power goes opens nothing by it. Staff are nobody but where `or_staff`, and there they are who their account says
    now: what HR ended, or two people, counts in the middle of a session (R158).

    Raises:
        UnauthenticatedError: missing, unknown, ended or expired; the answer does not say which.
        UnknownDeviceError: staff, from no workstation of the house.
        NotOnboardedError: a program of a party that the operator has not approved.
        RepresentationEndedError: a session that acts for somebody under an appointment that has ended.
        NotForRepresentativesError: a power of attorney does not reach this command.
    """
    look = Look(connection)
    shown = Shown(look, [proof], now)
    look.send()
    asker = shown.by(
        proof,
        operator_key_hash,
        or_suspended=or_suspended,
        or_applicant=or_applicant,
        or_party_people=or_party_people,
        or_attorney=or_attorney,
        or_staff=or_staff,
    )
    if asker.kind is not AskerKind.STAFF:
        return asker
    one = accounts.standing(connection, bytes.fromhex(asker.staff), proof.certificate, now)
    return replace(asker, **vars(one))


class Shown:
    """Who sessions and tokens show, looked up together; `by` judges each as `check` says, once the look was sent."""

    def __init__(self, look: Look, proofs: Collection[Proof], now: datetime) -> None:
        self._sessions = _ask(look, _SESSIONS, "session", proofs, {"now": now, "today": day_of(now)})
        self._tokens = _ask(look, _TOKENS, "token", proofs, {"now": now})

    def by(
        self,
        proof: Proof,
        operator_key_hash: bytes,
        *,
        or_suspended: bool = False,
        or_applicant: bool = False,
        or_party_people: bool = False,
        or_attorney: bool = False,
        or_staff: bool = False,
    ) -> Asker:
        """Return who a proof shows, of staff without its roles; raises as `check` does."""
        asker: Asker | None = None
        if _fits(proof):
            if proof.kind == "session":
                asker = _acting(self.session(proof))
            elif proof.kind == "token":
                asker = _party(_row_of(self._tokens, proof), proof.certificate)
            elif proof.kind == "operator" and hmac.compare_digest(proof.hash, operator_key_hash):
                asker = Asker(AskerKind.OPERATOR)
        if (
            asker is None
            or (asker.kind is AskerKind.PARTY_PERSON and not or_party_people)
            or (asker.kind is AskerKind.STAFF and not or_staff)
        ):
            raise UnauthenticatedError("log in again: the session or token is missing, ended or expired")
        if asker.is_suspended and not or_suspended:
            raise UnauthenticatedError(
                "your organisation is suspended: it can only end things and confirm deletions"
            )
        if asker.kind is AskerKind.PARTY and asker.lacks and not or_applicant:
            raise NotOnboardedError(missing_in_words(asker.lacks))
        if asker.power is not None and not or_attorney:
            raise NotForRepresentativesError("a power of attorney does not reach this")
        return asker

    def session(self, proof: Proof) -> Any | None:
        """Return the row of a live session."""
        return _row_of(self._sessions, proof)


def check_self(
    connection: Connection,
    proof: Proof,
    now: datetime,
    operator_key_hash: bytes,
    *,
    or_enterprise: bool = False,
) -> Asker:
    """Return whose session it is, himself: for the commands with which he takes another's place, or his own again.

    `representation_id` is the appointment under which it acts now, ended or not. A session for an enterprise is nobody
    himself's, and opens none of what is his own.

    Raises:
        UnauthenticatedError: as `check`.
        NotForRepresentativesError: it acts for an enterprise, and the command does not say `or_enterprise`.
    """
    look = Look(connection)
    shown = Shown(look, [proof], now)
    look.send()
    row = shown.session(proof)
    if row is None or row.role != "customer":
        return shown.by(proof, operator_key_hash)
    for_enterprise = row.kind == ENTERPRISE
    if for_enterprise and not or_enterprise:
        raise NotForRepresentativesError("log in as yourself for this: this log-in is for an enterprise")
    return Asker(
        AskerKind.CUSTOMER,
        person_id=row.person_id,
        representation_id=row.representation_id,
        for_enterprise=for_enterprise,
    )


def check_intake(proof: Proof, intake_key_hash: bytes) -> Asker:
    """Return intake where the proof is intake's own key.

    Apart from `check`, so that this key is a proof of nothing in any other command: whoever takes files in can
    make no party and no client, and the operator's key needs not lie where files are taken in.

    Raises:
        UnauthenticatedError: anything else, the operator's key included.
    """
    if not _is_key(proof, "intake", intake_key_hash):
        raise UnauthenticatedError("taking in needs the intake's own key")
    return Asker(AskerKind.INTAKE)


def check_clerk(proof: Proof, clerk_key_hash: bytes) -> Asker:
    """Return the clerk where the proof is the clerk's own key: good for having written down what time did, no more.

    Raises:
        UnauthenticatedError: anything else.
    """
    if not _is_key(proof, "clerk", clerk_key_hash):
        raise UnauthenticatedError("this needs the clerk's own key")
    return Asker(AskerKind.CLERK)


def check_postman(proof: Proof, postman_key_hash: bytes | None) -> Asker:
    """Return the postman where the proof is the postman's own key: it opens what is to be delivered, and no more.

    Raises:
        UnauthenticatedError: anything else, and everything where no postman was set up.
    """
    if postman_key_hash is None or not _is_key(proof, "postman", postman_key_hash):
        raise UnauthenticatedError("this needs the postman's own key")
    return Asker(AskerKind.POSTMAN)


def is_proxy(proof: Proof, proxy_key_hash: bytes | None) -> bool:
    """Whether this is the key of the proxy in front of the web, which alone says who is at the other end of a TLS
    connection.
    """
    return proxy_key_hash is not None and _is_key(proof, "proxy", proxy_key_hash)


def _is_key(proof: Proof, kind: str, key_hash: bytes) -> bool:
    return (
        proof.kind == kind and len(proof.value) <= LONGEST_PROOF and hmac.compare_digest(proof.hash, key_hash)
    )


def _fits(proof: Proof) -> bool:
    return len(proof.value) <= (LONGEST_TOKEN if proof.kind == "token" else LONGEST_PROOF)


def _ask(
    look: Look, query: str, kind: str, proofs: Collection[Proof], moment: Mapping[str, Any]
) -> list[Any]:
    hashes = [proof.hash for proof in proofs if proof.kind == kind and _fits(proof)]
    return look.ask(query, {"hashes": hashes, **moment}) if hashes else []


def _row_of(rows: Collection[Any], proof: Proof) -> Any | None:
    wanted = proof.hash  # rows are few: proofs of one turn of the loop
    return next((row for row in rows if row.token_hash == wanted), None)


def _party(row: Any | None, certificate: str) -> Asker | None:
    if row is None:
        return None
    if row.certificate_sha256 is not None and jose.encode(bytes(row.certificate_sha256)) != certificate:
        return None  # bound to a certificate that this connection does not have (RFC 8705, 3)
    return Asker(
        AskerKind.PARTY,
        party_id=row.party_id,
        profile=row.profile,
        is_suspended=row.suspended_at is not None,
        lacks=tuple(row.lacks or ()),
    )


def _acting(row: Any) -> Asker | None:
    """Who a session stands for: its person, or who that person represents now."""
    if row is None:
        return None
    if row.role == "inspector":
        return Asker(AskerKind.INSPECTOR, staff=row.staff)
    if row.role == "staff":
        return Asker(AskerKind.STAFF, staff=row.staff)
    if row.role == "party":
        return Asker(
            AskerKind.PARTY_PERSON,
            party_id=row.party_id,
            staff=row.staff,
            enterprise=row.enterprise,
            is_suspended=row.suspended_at is not None,
        )
    if row.representation_id is None:
        return Asker(
            AskerKind.CUSTOMER,
            person_id=row.person_id,
            logged_in_at=row.logged_in_at,
            used_at=row.last_used_at,
        )
    if not row.stands:
        raise RepresentationEndedError("the appointment under which you act has ended")
    power = Power(row.decides, frozenset(row.stays)) if row.kind == ATTORNEY else None
    if power is not None and not power.stays:
        raise RepresentationEndedError("who gave the power lives at none of its addresses any more")
    return Asker(
        AskerKind.CUSTOMER,
        row.represented_id,
        row.person_id,
        row.representation_id,
        logged_in_at=row.logged_in_at,
        used_at=row.last_used_at,
        power=power,
        for_enterprise=row.kind == ENTERPRISE,
    )


_SESSIONS = (
    "SELECT s.token_hash, s.role, s.person_id, encode(s.staff_hash, 'hex') AS staff, s.representation_id,"
    " s.logged_in_at, s.last_used_at, r.person_id AS represented_id, coalesce(r.from_day <= %(today)s"
    "  AND (r.until_day IS NULL OR r.until_day > %(today)s) AND r.ended_at IS NULL"
    "  AND NOT EXISTS (SELECT FROM identity.death d WHERE d.person_id = r.person_id AND d.refuted_at IS NULL),"
    "  false) AS stands, r.kind, r.decides,"
    # What she lives at no more, a power of hers reaches no more (R97).
    " CASE WHEN r.kind = 'attorney' THEN ARRAY(SELECT a.occupancy_id FROM identity.representation_stay a"
    "  JOIN registry.occupancy o USING (occupancy_id) WHERE a.representation_id = r.representation_id"
    "  AND o.person_id = r.person_id AND (o.until_day IS NULL OR o.until_day > %(today)s)) END AS stays,"
    " s.enterprise, p.party_id, p.suspended_at"
    " FROM identity.session s LEFT JOIN identity.representation r USING (representation_id)"
    # Of its own enterprise only, and only for as long as the register has it so.
    " LEFT JOIN registry.party p ON p.party_id = s.party_id AND p.enterprise = s.enterprise"
    " WHERE s.token_hash = ANY(%(hashes)s) AND s.ended_at IS NULL AND s.created_at <= %(now)s"
    " AND s.expires_at > %(now)s"
    " AND NOT EXISTS (SELECT FROM identity.death d WHERE d.person_id = s.person_id AND d.refuted_at IS NULL)"
)
_TOKENS = (
    "SELECT t.token_hash, t.party_id, t.profile, t.certificate_sha256, p.suspended_at, CASE WHEN p.awaits_approval"
    "  THEN coalesce((SELECT d.lacks FROM registry.dossier d WHERE d.party_id = t.party_id), ARRAY['approval']) END"
    "  AS lacks FROM identity.access_token t"
    " JOIN identity.client c USING (client_id)"
    " JOIN registry.party p ON p.party_id = t.party_id WHERE t.token_hash = ANY(%(hashes)s) AND t.revoked_at IS NULL"
    " AND t.expires_at > %(now)s AND c.ended_at IS NULL"
)
