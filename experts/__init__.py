"""The expert pool, its draws, evaluation sessions and scoring (rung 3)."""
