"""The demo: a synthetic street, a story told through the real door, and what a visitor needs to log in."""
