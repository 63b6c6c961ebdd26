"""What the house writes down of its duties towards data protection: impact assessments, processors, breaches, measures.

One shape for all: a *record* in a *register*, with versions, an owner, a term, and a second person where two are asked.
Which registers there are, what their records say, who writes them and which term a version starts is data
(`registers.toml`); `keeping.py` stores them, `labels.py` says who may see what. What a register asks beyond its shape,
and the entries in the ledger, are the door's: `databeheer/door/governance/`.
"""
