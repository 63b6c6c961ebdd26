"""The gate between pseudonymisation domains: the list of lawful joins, and whether a wish is on it. Pure."""
