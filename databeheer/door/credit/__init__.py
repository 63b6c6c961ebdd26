"""The door's side of credit: which budget functions are active, sealed; what their customers are told, once a day."""
