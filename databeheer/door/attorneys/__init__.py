"""Powers of attorney that customers give (docs/adr/0045): inviting, taking up, ending, and telling what is done."""
