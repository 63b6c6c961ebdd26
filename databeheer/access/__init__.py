"""Who may have which data of one access point, why, and for which stretch of time.

Pure: facts and the time of day come in as values, a decision that explains itself goes out. Nothing here
reads a database, a clock or a key; the door does that, in the order that makes the answer true.
"""
