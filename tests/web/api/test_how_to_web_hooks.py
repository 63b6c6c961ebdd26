"""The commands of docs/how-to/web-hooks.md run as they stand there; every type of web hook stands on the page."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from databeheer_client import verify
from flask import Flask

from databeheer.post import catalogue
from databeheer.post.catalogue import Recipient
from databeheer.post.deliveries import Channel
from databeheer.post.webhook_carrier import WebhookCarrier
from tests.doors import CHECKOUT
from tests.house import Party, TheHouse
from tests.letters import postman
from tests.receivers import receiver
from tests.web.programs import serving

PAGE = (CHECKOUT / "docs" / "how-to" / "web-hooks.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
SENT_FROM_HERE = "# from here the postman was there"


@pytest.mark.skipif(shutil.which("curl") is None, reason="left out: this machine has no curl")
def test_the_page_is_one_session_that_works(
    house: TheHouse, program_app: Flask, bram: Party, tmp_path: Path
) -> None:
    first = next(number for number, block in enumerate(BLOCKS) if SENT_FROM_HERE in block)
    with (
        serving(program_app) as port,
        receiver() as got,
        closing(postman(house, webhook=WebhookCarrier(loopback=True))) as carrier,
    ):
        given = {**os.environ, "HOST": f"http://127.0.0.1:{port}", "HOOK": got.url, "TOKEN": bram.token}

        def session(script: list[str]) -> str:
            done = subprocess.run(
                ["sh", "-eu", "-c", "\n".join(script)],
                env=given,
                cwd=tmp_path,
                capture_output=True,
                text=True,
                timeout=60,
            )
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout

        session(BLOCKS[:first])
        while carrier.round(Channel.WEBHOOK):
            pass
        told = session([BLOCKS[0], *BLOCKS[first:]])
    secret = json.loads((tmp_path / "hook.json").read_text())["secret"]
    types = {
        verify(secret, hook.headers, hook.body, house.clock.now().timestamp()).type for hook in got.hooks
    }
    assert types == {"webhook.changed", "webhook.test"}
    assert told.count('"state":"delivered"') == 2
    assert '{"deliveries":[]}' in told
    assert '{"replayed":0,"next_since":null}' in told


def test_every_type_that_a_party_gets_stands_on_the_page() -> None:
    table = PAGE.partition("| `type` |")[2].partition("\n\n")[0]
    named: set[str] = set()
    for row in table.splitlines():
        area = ""
        for word in re.findall(r"`([a-z_.*]+)`", row.split("|")[1]) if row.count("|") > 2 else []:
            area = word.partition(".")[0] or area
            named.add(area + word if word.startswith(".") else word)
    kinds = {kind.code for kind in catalogue.load().values() if Recipient.PARTY in kind.recipients}
    missing = {kind for kind in kinds if kind not in named and f"{kind.partition('.')[0]}.*" not in named}
    assert missing == set()
    assert {one for one in named if "*" not in one} <= kinds
