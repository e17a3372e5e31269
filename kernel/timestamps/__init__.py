"""Time stamps of an outside authority (RFC 3161): asked for, kept, and judged by anybody."""
