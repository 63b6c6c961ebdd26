"""Statistics without people: sums by municipality, profile type and hour, in which nobody can be seen (R11).

`tally.py` adds up, `windows.py` says how exactly a sum is told, `rules.py` whether it may be, `suppression.py` what of
one hour is shown. All of it is pure; the door reads (`databeheer/door/statistics/`). The promise that they keep, and
why the thresholds are what they are: docs/reference/statistics.md.
"""
