"""Customers, staff, and the clients of parties: who somebody is, proven."""
