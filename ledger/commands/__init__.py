"""The subcommands of `ledger`, each in a module of its own."""
