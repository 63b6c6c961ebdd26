"""The people who run the data manager: which roles there are, who has which, and the cases for which they look.

Sources: the requirements R155 to R172 (R10, R16 to R17 and R196 to R200 beside them); ADR 0054 says why it is so.
"""
