"""JSON doors of supervision."""
