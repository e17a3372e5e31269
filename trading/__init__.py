"""Projects, lots, notices and the award: the procedure of a tender (rung 1)."""
