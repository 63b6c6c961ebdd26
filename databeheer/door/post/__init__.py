"""Who is told what, in the turn that does it; letters are opened for the postman one by one."""
