"""The one door: decide, record, open, hand over.

A process of its own. It alone holds the keys and it alone appends to the ledger. `client` is all that other
processes may import. Start reading at `service.py` (what can be asked), then `turn.py` (order is truth) with
`statement.py` (what it records), `reads/admitting.py` (the turn that every reading passes) and `reads/opening.py`
(what leaves). The rooms:

    commands/      what can be asked: parse, proof, rule, entry
    reads/         asked, decided and recorded in one turn, then opened and handed over; portfolio/: many at once
    jobs/          the same of any length: handed in, worked in pieces, fetched
    facts/         what decisions rest on, read under the lock
    bodies/        what an entry commits to: sealed halves, opened for whom they are
    keys/          the key store, its epochs, custody and rotation; keys to write with
    tokens/        access tokens of parties: the keys that sign them, minting, ending
    post/          who is told what; news/: that readings came, without a value
    onboarding/ access_register/ mandate_imports/
                   who becomes a party; what grid operators and suppliers report; mandates that are brought along
    doubts/ joins/ statistics/ moves/ erasure/ restore/ reading_plan/ credit/ deliveries/ supply_quality/
                   one part of the law each
    governance/    what the house writes down of its duties, with four eyes and clocks
    linking/       a log-in takes the stay that is its own: attempts, locks, the letter that unlocks
    coherence/     what is stored held against the days before, the weather and others: the night's look
    drill/         what is left of somebody erased; for the command line, no door uses it
"""
