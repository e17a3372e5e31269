"""Pages of experts and of the committee; each shows what its reader may know now."""
