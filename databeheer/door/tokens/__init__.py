"""Access tokens: the keys that sign them, minting, ending (RFC 9068, RFC 7009)."""
