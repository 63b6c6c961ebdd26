"""One drill of restore and erasure, on a house that is in use (docs/how-to/drill.md)."""
