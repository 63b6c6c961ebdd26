"""Statistics without people: read in batches under the signed list, add up, suppress, publish once."""
