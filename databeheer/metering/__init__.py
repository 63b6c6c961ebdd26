"""Metering data: intake of exports, day profiles, totals, aggregation, and an own load generator.

Nothing here seals, stores or decides: it turns files into channel-days and channel-days into bytes and back.
"""
