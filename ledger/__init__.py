"""A tamper-evident log: entries as bytes, hashes, proofs, signed checkpoints, tiles, receipts, a verifier.

The package knows nothing of energy. What it emits follows the C2SP specifications (tlog-tiles,
tlog-checkpoint, signed-note, tlog-proof) as pinned in docs/reference/ledger.md, so that verifiers we did not
write accept it. `ledger.verifier` and `ledger.cli` need the standard library and PyNaCl only.
"""
