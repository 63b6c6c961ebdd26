"""A read: asked, decided and recorded in one turn, then opened and handed over."""
