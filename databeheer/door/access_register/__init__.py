"""Messages to the access register: what grid operators and suppliers report about moves, meters and contracts."""
