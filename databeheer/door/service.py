"""The door's table of commands, and one place that turns a message into an answer."""

from __future__ import annotations

import traceback
from base64 import b64encode
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import psycopg
import structlog
from sqlalchemy import exc

from databeheer.door.access_register import commands as access_register
from databeheer.door.attorneys import commands as attorneys
from databeheer.door.businesses import many, readers
from databeheer.door.coherence import commands as coherence
from databeheer.door.commands import (
    answers,
    approval_letters,
    asking_many,
    audit,
    batches,
    beside,
    bulk,
    choosing,
    clients,
    complaints,
    concerned,
    conditions,
    counting_statements,
    doubt,
    doubt_conduct,
    doubt_judging,
    erasure,
    erasure_taken_back,
    explaining,
    facade,
    handover,
    intake,
    jobs,
    join_intents,
    join_necessity,
    join_opinions,
    joins,
    ledger,
    links,
    login,
    mandates,
    market,
    meter_places,
    ocmw,
    originals,
    oversight,
    overview,
    own_entries,
    own_sessions,
    paper,
    parties,
    party_standing,
    people,
    permissions,
    points,
    port_orders,
    post,
    readings,
    receipts,
    reconcile,
    representations,
    retention,
    rotation,
    sandbox,
    statements,
    statutory,
    sweep,
    timekeeping,
    tokens,
    user_ports,
    webhooks,
    wishing,
)
from databeheer.door.commands.base import Command, parse, schema
from databeheer.door.commands.readings import RefusedReadError, refused_view
from databeheer.door.contacts import commands as contacts
from databeheer.door.contacts import paper as contact_papers
from databeheer.door.contacts import recordings as contact_recordings
from databeheer.door.credit import commands as credit
from databeheer.door.deliveries import commands as deliveries
from databeheer.door.desk import Desk
from databeheer.door.ean_codes import commands as ean_codes
from databeheer.door.governance import commands as governance
from databeheer.door.governance import documents as governance_documents
from databeheer.door.history import commands as history
from databeheer.door.house import House
from databeheer.door.jobs.worker import JobWorker
from databeheer.door.keys.store import KeyStoreError
from databeheer.door.linking import commands as linking
from databeheer.door.mandate_imports import commands as mandate_imports
from databeheer.door.news import commands as news
from databeheer.door.onboarding import approving, filling, programs, showing, trying
from databeheer.door.proofs import Proof
from databeheer.door.reading_plan import commands as reading_plan
from databeheer.door.reading_plan import worklist
from databeheer.door.reads.loop import ReadLoop
from databeheer.door.rights import commands as rights
from databeheer.door.rights import desk as rights_desk
from databeheer.door.staff import cases as staff_cases
from databeheer.door.staff import devices as staff_devices
from databeheer.door.staff import hr as staff_hr
from databeheer.door.staff import lookups as staff_lookups
from databeheer.door.staff import national_register as staff_register
from databeheer.door.staff import people as staff_people
from databeheer.door.staff import sweep as staff_sweep
from databeheer.door.staff import systems as staff_systems
from databeheer.door.staff import trail as staff_trail
from databeheer.door.statistics import commands as statistics
from databeheer.door.supply_quality import commands as supply_quality
from databeheer.door.whose import Whose
from databeheer.errors import DatabeheerError, MalformedRequestError, QueueFullError
from databeheer.mandate_imports.file import MandatesRefusedError
from databeheer.metering.opening import SealError
from databeheer.metering.profile import ProfileError

_log = structlog.get_logger("door")


class DoorService:
    """What the door does with a message; knows nothing of sockets."""

    def __init__(self, house: House, *, longest_queue: int = 1024) -> None:
        self.house = house
        self.loop = ReadLoop(house, longest_queue=longest_queue)
        whose = Whose(house.engine)
        self.jobs = JobWorker(house)
        in_bulk = Desk("reads in bulk", whose=whose)
        commands: list[Command] = [
            Command("ping", schema(), lambda *_: {}),
            *login.COMMANDS,
            *own_sessions.COMMANDS,
            *tokens.COMMANDS,
            *clients.COMMANDS,
            *filling.COMMANDS,
            *approving.COMMANDS,
            *programs.COMMANDS,
            *showing.COMMANDS,
            *trying.COMMANDS,
            *permissions.COMMANDS,
            *asking_many.commands(Desk("requests of many permissions", whose=whose)),
            *answers.COMMANDS,
            *beside.COMMANDS,
            *choosing.COMMANDS,
            *many.COMMANDS,
            *readers.COMMANDS,
            *mandates.COMMANDS,
            *mandate_imports.COMMANDS,
            *sweep.COMMANDS,
            *timekeeping.COMMANDS,
            *doubt.COMMANDS,
            *doubt_judging.COMMANDS,
            *doubt_conduct.COMMANDS,
            *concerned.COMMANDS,
            *counting_statements.COMMANDS,
            *statements.COMMANDS,
            *statutory.COMMANDS,
            *overview.COMMANDS,
            *receipts.COMMANDS,
            *own_entries.COMMANDS,
            *parties.COMMANDS,
            *party_standing.COMMANDS,
            *conditions.COMMANDS,
            *governance.COMMANDS,
            *governance_documents.COMMANDS,
            *points.COMMANDS,
            *meter_places.COMMANDS,
            *facade.COMMANDS,
            *sandbox.COMMANDS,
            *user_ports.COMMANDS,
            *port_orders.COMMANDS,
            *market.COMMANDS,
            *access_register.commands(Desk("batches of messages", whose=whose)),
            *links.COMMANDS,
            *approval_letters.COMMANDS,
            *paper.COMMANDS,
            *ocmw.COMMANDS,
            *people.COMMANDS,
            *representations.COMMANDS,
            *attorneys.COMMANDS,
            *linking.COMMANDS,
            *ean_codes.COMMANDS,
            *intake.COMMANDS,
            *batches.COMMANDS,
            *reading_plan.COMMANDS,
            *worklist.COMMANDS,
            *coherence.COMMANDS,
            *credit.COMMANDS,
            *deliveries.COMMANDS,
            *oversight.COMMANDS,
            *joins.COMMANDS,
            *join_intents.COMMANDS,
            *join_necessity.COMMANDS,
            *join_opinions.COMMANDS,
            *statistics.COMMANDS,
            *ledger.COMMANDS,
            *erasure.COMMANDS,
            *erasure_taken_back.COMMANDS,
            *rights.COMMANDS,
            *rights_desk.COMMANDS,
            *rotation.COMMANDS,
            *retention.COMMANDS,
            *handover.COMMANDS,
            *reconcile.COMMANDS,
            *audit.COMMANDS,
            *complaints.COMMANDS,
            *explaining.COMMANDS,
            *wishing.commands(Desk("questions about what would be decided", whose=whose)),
            *post.COMMANDS,
            *webhooks.COMMANDS,
            *news.COMMANDS,
            *readings.commands(self.loop),
            *history.commands(self.loop),
            *originals.COMMANDS,
            *supply_quality.commands(self.loop),
            *staff_people.COMMANDS,
            *staff_cases.COMMANDS,
            *staff_lookups.COMMANDS,
            *staff_trail.COMMANDS,
            *staff_hr.COMMANDS,
            *staff_devices.COMMANDS,
            *staff_register.COMMANDS,
            *staff_sweep.COMMANDS,
            *contacts.COMMANDS,
            *contact_papers.COMMANDS,
            *contact_recordings.COMMANDS,
            *staff_systems.COMMANDS,
            *bulk.commands(in_bulk),
            *jobs.commands(self.jobs, in_bulk),
        ]
        self.commands = {command.name: command for command in commands}

    def start(self) -> None:
        self.loop.start()
        self.jobs.start()

    def stop(self) -> None:
        self.jobs.stop()
        self.loop.stop()

    def answer(self, message: dict[str, Any]) -> dict[str, Any]:
        """Return `{"answer": ...}` or `{"error": ...}`; never raises."""
        try:
            return {"answer": self._dispatch(message)}
        except RefusedReadError as error:
            return {"error": _refused(error)}
        except DatabeheerError as error:
            return {"error": _error(error)}
        except (exc.OperationalError, exc.TimeoutError, psycopg.OperationalError):
            _log.error("the database does not answer", command=_name(message))
            return {
                "error": {"code": "unavailable", "detail": "the database does not answer", "retry_after": 5}
            }
        except Exception as error:
            _log.error(
                "a command failed", command=_name(message), error=type(error).__name__, at=_where(error)
            )
            return {"error": {"code": "internal", "detail": "the door failed; nothing was handed over"}}

    def _dispatch(self, message: dict[str, Any]) -> dict[str, Any]:
        if set(message) != {"command", "proof", "arguments"}:
            raise MalformedRequestError("a message has command, proof and arguments")
        command = self.commands.get(_name(message))
        if command is None:
            raise MalformedRequestError(f"there is no such command{self._near(_name(message))}")
        proof = message["proof"]
        if (
            not isinstance(proof, dict)
            or not {"kind", "value"} <= set(proof) <= {"kind", "value", "certificate"}
            or not all(isinstance(value, str) for value in proof.values())
        ):
            raise MalformedRequestError("a proof has a kind and a value, and may have a certificate")
        arguments = parse(command, message["arguments"])
        return command.handler(self.house, Proof(**proof), arguments)

    def _near(self, name: str) -> str:
        """Commands whose names are like this one, as a tail of a sentence; the names themselves are no secret."""
        near = get_close_matches(name[:64], self.commands)
        return f"; near it are {', '.join(near)}" if near else "; docs/how-to/operate.md lists them"


def _where(error: BaseException) -> list[str]:
    """The places in the code that an error passed; its words may hold a row, and with it a person."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]


def _name(message: dict[str, Any]) -> str:
    name = message.get("command")
    return name if isinstance(name, str) else ""


def _refused(error: RefusedReadError) -> dict[str, Any]:
    admitted = error.admitted
    return {
        "code": error.code,
        "detail": str(error),
        "reason": admitted.decided.decision.main_reason().value,
        "refused": refused_view(admitted.decided),
        "index": admitted.record.index,
        "promise": b64encode(admitted.record.promise).decode(),
    }


def _error(error: DatabeheerError) -> dict[str, Any]:
    if isinstance(error, KeyStoreError):
        return {"code": "unavailable", "detail": "the key store does not give the key: nothing can be opened"}
    if isinstance(error, SealError | ProfileError):
        _log.error("a stored value does not open", error=type(error).__name__)
        return {"code": "unavailable", "detail": "a stored value does not open: it was changed, or moved"}
    answer: dict[str, Any] = {"code": error.code, "detail": str(error)}
    if isinstance(error, QueueFullError):
        answer["retry_after"] = 1
    if isinstance(error, joins.JoinRefusedError | erasure.ErasureRefusedError):
        answer |= error.members  # it is in the ledger: where, and why
    if isinstance(error, MandatesRefusedError):
        answer |= error.members
    return answer
