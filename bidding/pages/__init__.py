"""Pages of bidding: the same acts as the JSON doors; what needs a key happens in the visitor's own browser."""
