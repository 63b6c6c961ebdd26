"""Log-in with a real identity provider: OpenID Connect, as the client of ACM/IDM, itsme and their like.

`provider.py` is what the door works with: it sends a browser away and judges what came back. `errands.py` is how it
has something fetched: by the courier, the one process here that goes out (docs/adr/0041).
"""
