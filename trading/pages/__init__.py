"""The page doors of trading: parse, call one act or query, shape the answer for a template."""
