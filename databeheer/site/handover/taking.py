"""The successor: makes a house of the two bundles, and says so with its first entry."""

from __future__ import annotations

import shutil
from pathlib import Path

from databeheer.door.client import DoorClient, Proof
from databeheer.errors import ConflictError
from databeheer.oversight import handover
from databeheer.oversight.handover import Outcome
from databeheer.site.audit import audit_home
from databeheer.site.handover.bundle import (
    DUMP,
    KEYS,
    LEDGER,
    PROMISE_KEY,
    PUBLISHER,
    Manifest,
    check_data,
    check_files,
)
from databeheer.site.home import Home
from databeheer.site.house import running
from databeheer.site.restoring import database_of, load_database
from databeheer.storage.engine import make_engine
from ledger.note import VerifierKey
from ledger.report import Report
from ledger.scan import Progress


def take_over(
    home: Home,
    data: Path,
    secrets: Path,
    keys: list[VerifierKey],
    decided_by: str,
    *,
    progress: Progress | None = None,
) -> tuple[Manifest, Report]:
    """Make the house `home` of the bundles, check it as a whole, and open it; the bundles stay as they are.

    Keys of operator, intake, clerk, postman and web are made anew: nobody of the old house has a way in. All sessions
    and tokens end. Cut off anywhere before the end, the house is closed: remove it and begin again.

    Raises:
        BundleError: a bundle is not whole.
        ConflictError: there is a house already.
        ledger.errors.LedgerError: the ledger does not verify, or the database does not say what the ledger does.
    """
    if home.path.exists() and any(home.path.iterdir()):
        raise ConflictError(f"{home.path} is not empty: a house that is taken over needs a place of its own")
    manifest, _ = check_data(data, keys, progress=progress)
    check_files(secrets, manifest.secrets)
    _furnish(home, data, secrets, manifest)
    load_database(home, data / DUMP)
    report = audit_home(home)
    reopen(home, Outcome.TAKEN_OVER, decided_by, manifest.sha256)
    return manifest, report


def reopen(home: Home, outcome: Outcome, decided_by: str, manifest: str = "") -> int:
    """Open a closed house, which the first entry says; returns its index.

    Raises:
        ConflictError: it is open, or its door runs.
    """
    with database_of(home, alone=True) as storage:
        engine = make_engine(storage.url("owner"), pool_size=1)
        try:
            with engine.begin() as connection:
                if handover.standing(connection) is None:
                    raise ConflictError(
                        "this house is open: it was not handed over, or was taken over already"
                    )
                handover.open_log(connection)
        finally:
            engine.dispose()
    with running(home), DoorClient(home.door_socket) as door:
        answer = door.call(
            "handover.opened",
            Proof.operator(home.operator_key.read_text()),
            outcome=outcome.value,
            decided_by=decided_by,
            manifest=manifest or None,
        )
    index: int = answer["index"]
    return index


def _furnish(home: Home, data: Path, secrets: Path, manifest: Manifest) -> None:
    """Put everything in its place; what was made for people and processes of the old house is made anew."""
    home.path.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copytree(secrets / KEYS, home.keys)
    shutil.copytree(secrets / PUBLISHER, home.log_key.parent)
    shutil.copytree(data / LEDGER, home.ledger)
    home.promise_key.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copy2(secrets / PROMISE_KEY, home.promise_key)
    home.make_secrets(manifest.origin)
