"""What gunicorn has to be told wherever the web runs: `gunicorn --config python:web.gunicorn_settings`.

Names are gunicorn's own. How many workers, and where it listens, an installation adds.
"""

from __future__ import annotations

import gc

# By default gunicorn believes whoever comes from this machine about where the site begins and how it is reached.
# We know both: the site begins at `/`, and its address is a setting.
forwarder_headers = ""
forwarded_allow_ips = ""

logger_class = "web.gunicorn_log.QuietLogger"

# The application is built once and the workers are forked from it: they start at once, and share its memory. It opens
# neither database nor door before it is asked for something, so no two workers write on one connection.
preload_app = True


def post_worker_init(_worker: object) -> None:
    """Let a page not pay for looking through all that a worker imported: it lives as long as the worker."""
    gc.freeze()
