"""Businesses as customers (docs/adr/0047): who acts for one, its many access points, and answers for many at once."""
