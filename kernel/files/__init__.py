"""Documents and sealed chunks: bytes in an object store, their digests in the database."""
