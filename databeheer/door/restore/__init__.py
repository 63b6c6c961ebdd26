"""After a backup was put back: what had ended ends again, from the journal of ends and from kept receipts."""
