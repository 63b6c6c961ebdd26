"""The commands of docs/how-to/first-reading.md run as they stand there, with a customer who answers in between."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from flask import Flask

from tests.doors import CHECKOUT
from tests.house import Customer, Party
from tests.web.api.pages import HOW_TO, Shell, blocks
from tests.web.programs import serving

PAGE = "first-reading.md"
PROGRAM = CHECKOUT / "docs" / "examples" / "python-client" / "first_reading.py"
GRANTED_FROM_HERE = "# from here the permission is active"
OF_A_SANDBOX = "# credentials", "# a permission that stands"
"""These run in tests/journeys/test_sandbox.py, and there the whole page does."""


def test_the_page_leads_to_a_first_reading(
    program_app: Flask, measured: Customer, bram: Party, tmp_path: Path
) -> None:
    asking = [block for block in blocks(PAGE) if not block.startswith((*OF_A_SANDBOX, GRANTED_FROM_HERE))]
    [reading] = [block for block in blocks(PAGE) if GRANTED_FROM_HERE in block]
    with serving(program_app) as port:
        known = {
            "HOST": f"http://127.0.0.1:{port}",
            "CLIENT_ID": bram.client_id,
            "CLIENT_SECRET": bram.client_secret,
            "DAY": "2023-10-29",
            "PROGRAM": f"{sys.executable} {PROGRAM}",
        }
        shell = Shell(tmp_path, known)
        asked = shell.run(asking)
        assert asked.rstrip().endswith("not yet")
        [permission] = re.findall(r"^permission (\S+)$", asked, re.MULTILINE)
        [code] = re.findall(r"dienstverlener\?id=(\S+)", asked)
        measured.grant({"permission_id": permission, "link_code": code})
        assert "first: 0.294 kWh" in shell.run([reading], PERMISSION=permission)


def test_the_program_that_the_page_names_is_where_it_says() -> None:
    assert f".venv/bin/python {PROGRAM.relative_to(CHECKOUT)}" in (HOW_TO / PAGE).read_text(encoding="utf-8")
