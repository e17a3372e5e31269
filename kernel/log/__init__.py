"""The platform's append-only Merkle log: tree, tiles, notes, receipts (pure), and its keepers."""
