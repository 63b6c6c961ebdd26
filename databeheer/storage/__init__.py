"""PostgreSQL: the engine, the roles, the row-level security context, the embedded server."""
