"""The domain of the energy data manager: who may have which data of which access point, why, how long.

Knows nothing of HTTP. `web` imports it; it imports `ledger`. See docs/explanation and the README's map.
"""

import gc

# A program makes many objects while it loads, and a page or an answer some thousands, and next to nothing of it is a
# cycle: by Python's own measure, 700, every process here would spend a fifth of its start looking for some.
gc.set_threshold(20_000)
