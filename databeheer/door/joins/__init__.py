"""Joins: the one translation between pseudonymisation domains, in two turns."""
