"""Who and what there is: grid operators, parties and contracts, access points, meters, occupancies, supply contracts.

Functions work in the caller's transaction; names arrive sealed and are found by keyed hash, the keys are the door's.
"""
