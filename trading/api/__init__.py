"""The JSON doors of trading: parse, call one act or query, shape the answer."""
