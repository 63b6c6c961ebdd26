"""The drill of restore and erasure, on a house in use: what was decided to be erased is erased for good.

1. Note what there is of those who go, and dump the database.
2. Erase; dump again.
3. Look for what was noted in both dumps, the write-ahead log, the database's files, the logs, the published ledger and
   the key store.
4. Put the first dump back in a scratch house of its own, with a copy of today's key store: nothing of the erased
   opens, what is others' does.
5. Verify: the published log as a stranger, the database and its bodies, and the scratch house's.

What it makes is destroyed at its end: dumps, scratch house and the copy of the keys.
"""

from __future__ import annotations

import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from databeheer.door.client import DoorClient, Proof
from databeheer.door.drill.opening import NOTHING, of_erased, of_others
from databeheer.door.drill.searching import search
from databeheer.door.drill.traces import Going, done, going
from databeheer.door.house import House
from databeheer.door.main import house_from
from databeheer.errors import ConflictError, UnavailableError
from databeheer.site.audit import audit_home
from databeheer.site.drill.report import DrillReport
from databeheer.site.home import Home
from databeheer.site.house import DATABASE_VARIABLE, Site, Storage, door_answers
from databeheer.site.restoring import load_database, restore_ledger
from databeheer.storage import dumps
from databeheer.storage.embedded import EmbeddedPostgreSQL
from ledger.checkpoint import open_checkpoint
from ledger.errors import LedgerError, NotPublishedError
from ledger.postgres import PostgresEntries
from ledger.sources import DirectorySource
from ledger.tiles import MAX_CHECKPOINT_LENGTH
from ledger.verifier import verify

PATIENCE_SECONDS = 30.0
_STRETCH = 1000
Say = Callable[[str], None]


def drill(home: Home, folder: Path, say: Say) -> DrillReport:
    """Go through the drill on the house of `home`; its files are in `folder` meanwhile, which is made for it.

    Raises:
        ConflictError: `folder` is there; or the house does not run; or nothing is decided that may be erased.
        UnavailableError: the publisher does not publish, so nothing could be verified; nothing was erased.
    """
    home.require()
    if folder.exists():
        raise ConflictError(f"{folder} is there already; the drill makes a directory of its own")
    if not door_answers(home.door_socket):
        raise ConflictError("the house does not run; start the door and the publisher first")
    storage = Storage(home)
    storage.reach()
    folder.mkdir(mode=0o700, parents=True)
    try:
        return _Drill(home, storage, folder, say).run()
    finally:
        _destroy(folder)


class _Drill:
    def __init__(self, home: Home, storage: Storage, folder: Path, say: Say) -> None:
        self._home, self._storage, self._folder = home, storage, folder
        self._say = say
        self._report = DrillReport()

    def run(self) -> DrillReport:
        self._published_all()
        erased = self._erase()
        self._say("Looking for what was erased")
        self._search(erased)
        self._say("Putting the older dump back, in a house of its own")
        self._restore(erased)
        return self._report

    # ---- erase -----------------------------------------------------------------------------------------------

    def _erase(self) -> list[Going]:
        with _keys_of(self._home, self._storage) as house:
            with house.engine.connect() as connection:
                noted = going(house, connection)
                before = of_erased(house, connection, noted)
            if not noted:
                raise ConflictError(
                    "nothing is decided that could be erased: give erasure.decide first (docs/how-to/erase.md)"
                )
            self._dump("before")
            self._say("Erasing")
            answer = self._operator(self._home, "erasure.execute")
            self._dump("after")
            with house.engine.connect() as connection:
                erased = done(connection, noted)  # what may not go yet opens, as it should
        self._report.before = sum((before[one.erasure_id] for one in erased), NOTHING)
        self._report.erased, self._report.index = answer["erased"], answer["index"]
        self._published_all()
        return erased

    def _dump(self, name: str) -> None:
        dumps.dump(self._storage.url("owner"), self._folder / f"{name}.dump")

    def _published_all(self) -> None:
        """Wait until the log on show has every entry of now."""
        url = self._storage.url("auditor")
        entries = PostgresEntries(lambda: psycopg.connect(url))
        try:
            size = entries.read_head().size
        finally:
            entries.close()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self._published() < size:
            if time.monotonic() > deadline:
                raise UnavailableError("the ledger is not published up to now; see that the publisher runs")
            time.sleep(0.1)

    def _published(self) -> int:
        try:
            note = DirectorySource(self._home.ledger).fetch("checkpoint", MAX_CHECKPOINT_LENGTH)
        except NotPublishedError:
            return 0
        return open_checkpoint(note, self._home.published_log_keys()).size

    # ---- search ----------------------------------------------------------------------------------------------

    def _search(self, erased: list[Going]) -> None:
        traces = list(dict.fromkeys(trace for one in erased for trace in one.traces))
        self._report.noted = dict(sorted(Counter(trace.sort.value for trace in traces).items()))
        for place, files in self._places().items():
            self._report.searched.append(search(place, files, traces))

    def _places(self) -> dict[str, Iterator[Path]]:
        home = self._home
        places = {
            "dump of before": self._spelled_out("before"),
            "dump of after": self._spelled_out("after"),
            "logs": _files(home.logs, home.postgres / "server.log"),
            "published ledger": _files(home.ledger),
            "key store": _files(home.keys),
        }
        if self._storage.is_embedded:
            data = home.postgres / "data"
            places["write-ahead log"] = _files(data / "pg_wal")
            places["files of the database"] = _files(data / "base")
        else:
            self._report.checks.append(
                f"Not looked at: write-ahead log and files of the server of {DATABASE_VARIABLE}, which are not ours"
            )
        return places

    def _spelled_out(self, name: str) -> Iterator[Path]:
        """The dump as text, for as long as it is looked through."""
        spelled = self._folder / f"{name}.sql"
        dumps.spell_out(self._folder / f"{name}.dump", spelled)
        yield spelled
        spelled.unlink()

    # ---- restore ---------------------------------------------------------------------------------------------

    def _restore(self, erased: list[Going]) -> None:
        scratch = Home(self._folder / "scratch")
        _copy_house(self._home, scratch)
        with _own_server():  # never the server of the house itself
            load_database(scratch, self._folder / "before.dump")
            refilled = restore_ledger(scratch, str(self._home.ledger))
            storage = Storage(scratch)
            storage.reach()
            site = Site(scratch, storage)
            try:
                with (
                    _keys_of(scratch, storage) as house,
                    house.engine.connect() as connection,
                ):
                    restored = of_erased(house, connection, erased).values()
                    self._report.restored = sum(restored, NOTHING)
                    self._report.others = of_others(house, connection, erased)
                site.start_door()
                if refilled.reconcile:
                    self._operator(scratch, "reconcile.finish", journal_is_newest=True)
                self._check(scratch)
            finally:
                site.end_all()
                storage.stop()

    def _check(self, scratch: Home) -> None:
        """Verify the published log, the house and the scratch house; what fails is a finding, not an error."""
        try:
            verified = verify(DirectorySource(self._home.ledger), self._home.published_log_keys(), full=True)
            self._report.checks += [f"ledger: {one.detail}" for one in verified.checks]
            audited = audit_home(self._home)
            self._report.checks += [f"database: {one.detail}" for one in audited.checks]
        except LedgerError as error:
            self._report.broken.append(f"the ledger does not verify: {error}")
        gone = {one["index"] for one in self._bodies(self._home, "erased")}
        problems = [one["what"] for one in self._bodies(scratch, "problems")]
        lost = [index for index in self._bodies(scratch, "unopened") if index not in gone]
        self._report.broken += [f"the restored database does not verify: {one}" for one in problems]
        if lost:
            self._report.broken.append(
                f"{len(lost)} entries do not open in the restored house and were not erased"
            )
        else:
            self._report.checks.append("restored: what does not open there is what was erased here")

    def _bodies(self, home: Home, member: str) -> list[Any]:
        found: list[Any] = []
        start: int | None = 0
        while start is not None:
            answer = self._operator(home, "ledger.check_bodies", start=start, limit=_STRETCH)
            found += answer[member]
            start = answer["next"]
        return found

    def _operator(self, home: Home, command: str, **arguments: Any) -> dict[str, Any]:
        with DoorClient(home.door_socket) as door:
            return door.call(command, Proof.operator(home.operator_key.read_text()), **arguments)


@contextmanager
def _keys_of(home: Home, storage: Storage) -> Iterator[House]:
    """The means of a door on a house, to look only: nothing is recorded with them."""
    house = house_from(Site(home, storage).door_environment())
    try:
        yield house
    finally:
        house.engine.dispose()


@contextmanager
def _own_server() -> Iterator[None]:
    given = os.environ.pop(DATABASE_VARIABLE, None)
    try:
        yield
    finally:
        if given is not None:
            os.environ[DATABASE_VARIABLE] = given


def _copy_house(home: Home, scratch: Home) -> None:
    """What a restored house needs beside its database: today's keys and log; not the key that signs the log."""
    scratch.path.mkdir(mode=0o700)
    for one in (home.keys, home.promise_key.parent, home.ledger):
        shutil.copytree(one, scratch.path / one.relative_to(home.path))
    scratch.publisher_memory.parent.mkdir(mode=0o700)
    for one in (home.origin_file, home.operator_key, home.publisher_memory):
        if one.exists():
            shutil.copy2(one, scratch.path / one.relative_to(home.path))


def _files(*places: Path) -> Iterator[Path]:
    for place in places:
        resolved = place.resolve()
        if resolved.is_file():
            yield resolved
        yield from (one for one in sorted(resolved.rglob("*")) if one.is_file())


def _destroy(folder: Path) -> None:
    """Remove the drill's folder with the scratch house in it; its files are overwritten where they hold secrets."""
    scratch = Home(folder / "scratch")
    if scratch.postgres.exists():
        EmbeddedPostgreSQL(scratch.postgres).remove()
    if scratch.path.exists():
        shutil.rmtree(scratch.run, ignore_errors=True)
    for one in (*_files(folder / "before.dump"), *_files(scratch.keys)):
        size = one.stat().st_size
        with one.open("r+b") as file:
            file.write(bytes(size))
            file.flush()
            os.fsync(file.fileno())
    shutil.rmtree(folder, ignore_errors=True)
