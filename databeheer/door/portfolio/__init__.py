"""A portfolio: one day of many access points that are alike, decided, recorded and opened with little work for each.

What a portfolio does differs in nothing that anybody can see from a read in bulk of points that are not alike
(`databeheer.door.reads.bulk`): the same decisions by `decide()`, the same halves, the same answer. It is only less
work.
"""
