"""Deliveries to suppliers: which are due, whether their readings came, that they are ready (R69, R71)."""
