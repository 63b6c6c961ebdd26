"""The commands of docs/how-to/read-as-a-market-party.md run as they stand there."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from datetime import date, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from flask import Flask

from databeheer.brussels import day_of, slots_in_day
from databeheer.clock import SystemClock
from ledger import receipt
from ledger.note import VerifierKey
from tests.house import Customer, Party, TheHouse
from tests.web.api.pages import Shell, blocks, where
from tests.web.programs import publish, serving

BLOCKS = blocks("read-as-a-market-party.md")
DAY = "2023-10-29"
EMPTY = """curl -sS --fail-with-body -H "Authorization: Bearer $TOKEN" \\
    "$HOST/api/v1/permissions/$PERMISSION/readings?from=2024-06-01&until=2024-06-02"
"""
GRANTED_FROM_HERE = "# from here the permission is active"


def test_without_a_day_of_your_own_it_is_the_last_day_of_100_quarter_hours_that_is_over() -> None:
    without = {name: value for name, value in os.environ.items() if name != "DAY"}
    said = subprocess.run(
        ["sh", "-eu", "-c", BLOCKS[0] + 'echo "$DAY" "$UNTIL"'],
        env=without,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    day, until = (date.fromisoformat(each) for each in said)
    assert slots_in_day(day, 15) == 100
    assert until - day == timedelta(days=1)
    assert timedelta(0) < day_of(SystemClock().now()) - day <= timedelta(days=372)


@pytest.mark.skipif(shutil.which("curl") is None, reason="left out: this machine has no curl")
def test_the_page_is_one_session_that_works(
    house: TheHouse, program_app: Flask, measured: Customer, bram: Party, tmp_path: Path
) -> None:
    first, with_receipt = where(BLOCKS, GRANTED_FROM_HERE), where(BLOCKS, "receipt.tlog-proof")
    with serving(program_app) as port:
        shell = Shell(
            tmp_path,
            {
                "HOST": f"http://127.0.0.1:{port}",
                "CLIENT_ID": bram.client_id,
                "CLIENT_SECRET": bram.client_secret,
                "DAY": DAY,
            },
        )
        told = shell.run([*BLOCKS[:first], 'echo "TOKEN=$TOKEN" "PERMISSION=$PERMISSION"'])
        names = dict(re.findall(r"\b(TOKEN|PERMISSION)=(\S+)", told))
        code = told.partition("verbruik/dienstverlener?id=")[2].split()[0]
        measured.grant({"permission_id": names["PERMISSION"], "link_code": code})
        read = shell.run([BLOCKS[0], *BLOCKS[first:with_receipt]], **names)
        assert '"value":"0.294"' in read
        assert "\n304\n" in read
        assert "\n206\n" in read
        assert (tmp_path / "whole.parquet").read_bytes() == (tmp_path / "piece-0.parquet").read_bytes()
        assert pq.read_table(tmp_path / "whole.parquet").num_rows == 200
        assert json.loads((tmp_path / "changes.json").read_text())["channels"] == []
        unmeasured = shell.run([BLOCKS[0], EMPTY], **names)
        assert '"channels":[]' in unmeasured
        key = publish(house)
        shell.run([BLOCKS[0], *BLOCKS[with_receipt:]], **names)
    assert (tmp_path / "readings.csv").read_text().startswith("start,end,")
    receipt.verify(
        receipt.parse((tmp_path / "receipt.tlog-proof").read_bytes()), [VerifierKey.parse(key.vkey)]
    )
    assert bram.permission(names["PERMISSION"])["state"] == "terminated"
