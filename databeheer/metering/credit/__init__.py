"""Credit of budget meters: what a device says of it, and what its customer is told (docs/reference/credit.md).

`state` is what came of one device, `telling` decides what a customer is told of it on a day. Nothing here knows who.
"""
