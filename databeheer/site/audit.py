"""`databeheer ledger audit`: the database against what was published."""

from __future__ import annotations

import psycopg

from databeheer.site.home import Home
from databeheer.site.house import running
from ledger.audit import audit
from ledger.note import VerifierKey
from ledger.postgres import PostgresEntries
from ledger.report import Report
from ledger.sources import DirectorySource


def audit_home(home: Home) -> Report:
    """Compare the house's entries with its published log, with the login of the role `auditor`.

    Raises:
        ledger.errors.LedgerError: they differ; the first entry for which they do is named.
    """
    log_key = (home.ledger / "vkey").read_text().splitlines()[0]
    with running(home) as storage:
        url = storage.url("auditor")
        entries = PostgresEntries(lambda: psycopg.connect(url))
        try:
            return audit(entries, DirectorySource(home.ledger), [VerifierKey.parse(log_key)])
        finally:
            entries.close()
