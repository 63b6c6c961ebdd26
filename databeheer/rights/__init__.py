"""The rights of people whose data the house holds: what they may ask, and what became of each request.

`requests` are the rows of requests to put something right, to stop something, or to get a copy on paper; `grounds` says
per legal basis whether somebody may object (GDPR 21); `authorities` where somebody can complain. Erasing has rows of
its own (`databeheer.oversight.erasures`). Every answer is due in a month (GDPR 12(3)): see `databeheer/clocks`.
"""
