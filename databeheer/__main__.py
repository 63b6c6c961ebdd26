"""`python -m databeheer`."""

from __future__ import annotations

import sys

from databeheer.cli import main

sys.exit(main())
