"""Double-random inspections and oversight (rung 4)."""
