"""Who is there: organisations, accounts, person keys, sessions, and the actor of an act."""
