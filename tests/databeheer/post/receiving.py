"""A party's receiver of web hooks as a process of its own: checks each, and lets each number have its effect once.

Run as `python receiving.py FOLDER PORT SECRET KILLS`. `effects` in the folder has the number of each hook that had its
effect, `requests` of each that came. After the effect of each request whose place is among KILLS, and before it
answers, it kills the sender, whose process number stands in `sender`. Standard library only, as a party's would be.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import signal
import sys
from base64 import b64decode, b64encode
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

FOLDER, PORT, SECRET = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
KILLS = {int(place) for place in sys.argv[4].split(",")}


def lines(name: str) -> list[str]:
    file = FOLDER / name
    return file.read_text().split() if file.exists() else []


def add(name: str, line: str) -> None:
    with (FOLDER / name).open("a") as file:
        file.write(f"{line}\n")
        file.flush()
        os.fsync(file.fileno())


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        number, stamp = self.headers["webhook-id"], self.headers["webhook-timestamp"]
        key = b64decode(SECRET.removeprefix("whsec_"))
        digest = hmac.new(key, f"{number}.{stamp}.".encode() + body, hashlib.sha256).digest()
        if "v1," + b64encode(digest).decode() not in self.headers["webhook-signature"].split():
            self.send_error(400)
            return
        if number not in lines("effects"):
            add("effects", number)
        add("requests", number)
        if len(lines("requests")) in KILLS:
            os.kill(int((FOLDER / "sender").read_text()), signal.SIGKILL)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    server = HTTPServer(("127.0.0.1", PORT), Handler)
    print("ready", flush=True)
    server.serve_forever()
