"""Outgoing documents: laid out, sealed by the organisation that issues them, every use of a seal in the log."""
