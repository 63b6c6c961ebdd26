"""`databeheer ledger audit`: the database against what was published, and what is kept beside its entries."""

from __future__ import annotations

from collections import Counter

import psycopg

from databeheer.door.client import DoorClient, Proof
from databeheer.site.home import Home
from databeheer.site.house import running
from ledger.audit import audit
from ledger.errors import InconsistentError
from ledger.postgres import PostgresEntries
from ledger.report import Report
from ledger.sources import DirectorySource

_STRETCH = 1000


def audit_home(home: Home) -> Report:
    """Compare the house's entries with its published log, and then their bodies with the entries.

    The first is done with the login of the role `auditor`; the second by the door, which alone can open a body.

    Raises:
        ledger.errors.LedgerError: they differ; the first entry for which they do is named.
        DatabeheerError: the door does not answer, or its key store gives no keys.
    """
    with running(home) as storage:
        url = storage.url("auditor")
        entries = PostgresEntries(lambda: psycopg.connect(url))
        try:
            report = audit(entries, DirectorySource(home.ledger), home.published_log_keys())
        finally:
            entries.close()
        with DoorClient(home.door_socket) as door:
            audit_bodies(door, Proof.operator(home.operator_key.read_text()), report)
    return report


def audit_bodies(door: DoorClient, proof: Proof, report: Report) -> None:
    """Let the door compare every body and statement with its entry; adds the check `bodies` to the report.

    Raises:
        InconsistentError: one of them is changed, added or missing; its entry is named.
    """
    with report.check("bodies") as details:
        start: int | None = 0
        checked = 0
        unopened: list[int] = []
        lost: list[tuple[int, int]] = []
        erased: Counter[tuple[str, int]] = Counter()
        while start is not None:
            found = door.call("ledger.check_bodies", proof, start=start, limit=_STRETCH)
            if found["problems"]:
                first = min(found["problems"], key=lambda problem: int(problem["index"]))
                raise InconsistentError(f"entry {first['index']}: {first['what']}", first["index"])
            checked += found["checked"]
            unopened.extend(found["unopened"])
            lost += [(one, last) for one, last in found["lost"]]
            erased.update((one["reason"], one["by"]) for one in found["erased"])
            start = found["next"]
        if unopened:  # an erasure is on record; evidence that merely does not open any more is lost
            raise InconsistentError(
                f"{len(unopened)} bodies do not open: their keys are not in the key store, and no erasure says so;"
                f" the first is that of entry {unopened[0]}",
                unopened[0],
            )
        gone = sum(last - one + 1 for one, last in lost)
        said = [f"{checked - gone} bodies and their statements say what their entries commit to"]
        said += [f"{times} erased ({reason}, entry {by})" for (reason, by), times in sorted(erased.items())]
        if lost:
            where = ", ".join(str(one) if one == last else f"{one} to {last}" for one, last in lost)
            said.append(f"{gone} lost in a restore that was reconciled: entries {where}")
        details.say("; ".join(said))
