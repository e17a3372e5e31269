"""Work that must happen after a commit: rows written with the act, drained by the worker."""
