"""The one async database layer: base, columns, engine, transaction. It owns no business table."""
