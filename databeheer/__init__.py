"""The domain of the energy data manager: who may have which data of which access point, why, how long.

Knows nothing of HTTP. `web` imports it; it imports `ledger`. See docs/explanation and the README's map.
"""
