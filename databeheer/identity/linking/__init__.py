"""Linking an access point: who is registered there by name, but not known by this log-in yet, becomes its person.

Two elements from a letter or a bill, three attempts, then a letter or the desk (R91, R92; docs/adr/0040).
"""
