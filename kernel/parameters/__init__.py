"""Legal numbers as dated data: what a limit is, since when, by which article, and where (R-META-01)."""
