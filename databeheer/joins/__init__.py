"""The gate between pseudonymisation domains: the list of lawful joins, releases."""
