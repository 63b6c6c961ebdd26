"""One machine's house: where its state lives, and the processes that make it up.

`home.py` says which file is where, `processes.py` starts one process with no more than it needs, `house.py`
starts them all in order and ends them in the reverse one.
"""
