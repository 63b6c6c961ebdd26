"""What is read at all: which meter, on which day, how fine, and what of it came (docs/reference/reading-plan.md).

`tariff_periods` says when the high and the low tariff run, `wanted` what one meter has to be read for on one day,
`meters` finds the meters of a day with what bears on them, `completeness` compares with what is stored, `rereads` keeps
the list of what the head-end has to read again. Nothing here opens a value: `databeheer.door.reading_plan` does.
"""
