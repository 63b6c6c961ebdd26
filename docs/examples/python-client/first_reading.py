"""From a client id to the first reading, as far as a program can take it.

    python first_reading.py HOST CLIENT_ID KEY-OR-SECRET DAY [PERMISSION]

KEY-OR-SECRET is a file with a private key (PEM) or a secret. Without PERMISSION it asks for one, prints where to send
the grid user, and ends; run it again with the permission's id once it was granted.
"""

from __future__ import annotations

import sys
from datetime import date, timedelta
from pathlib import Path

from databeheer_client import Client, ClientKey, ClientSecret, ProblemError, UnreachableError


def main(arguments: list[str]) -> int:
    if not 4 <= len(arguments) <= 5:
        print(__doc__, file=sys.stderr)
        return 2
    host, client_id, shown, day_text, *rest = arguments
    is_file = Path(shown).is_file()
    credentials = ClientKey.from_file(client_id, shown) if is_file else ClientSecret(client_id, shown)
    client, day = Client(host, credentials), date.fromisoformat(day_text)
    try:
        if not rest:
            asked = client.ask_permission("energy_advice", "quarter_hour", day)
            print(f"permission {asked.id}\nsend the grid user to {asked.link}")
            return 0
        readings = client.readings(rest[0], day, day + timedelta(days=1))
    except ProblemError as problem:
        print(f"{problem}\nwhat to do: {host}{problem.type}", file=sys.stderr)
        return 1
    except UnreachableError as error:
        print(f"no answer came from {host}: {error}", file=sys.stderr)
        return 1
    if not readings.channels:
        print(f"no readings of {day} have come (yet)")
    for channel in readings.channels:
        print(f"{channel.direction}: {channel.total} {channel.unit} in {len(channel.readings)} values")
        print(f"first: {channel.readings[0].value} {channel.unit} from {channel.readings[0].start}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
