"""JSON doors of experts: pool and committees, calls, sessions."""
