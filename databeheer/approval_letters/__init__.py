"""Approval by letter (R36): a contract holder whom no e-mail reaches answers with a one-time code from paper.

The code stands in the letter alone; here only keyed hashes of it are kept, and until the letter is posted the sealed
text that is printed. Whether a code is alive is worked out anew at each use, in the transaction that uses it.
"""
