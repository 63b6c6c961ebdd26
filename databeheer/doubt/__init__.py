"""Doubt about a mandate: somebody says that a party reads, or read, without the customer's permission.

Source: NEDU, process "gerede twijfel klantmandaat" (2017), steps 1-10; R99-R113. The party is blocked on that
access point at once, for what rests on a mandate. It shows the mandate within 72 hours after it was asked: then
the block ends and it may fetch the blocked period after all. Else its permissions there end, and it never gets the
time between by consent.

`states` is the whole machine, `course` what a case means for access at a moment; both pure. The rest works in the
caller's transaction; recording, sealing and telling are the door's.
"""
