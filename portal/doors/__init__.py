"""Doors that belong to no single package: sign-in, the log, the rehearsal clock, health, static files."""
