"""What every package shares and no law names: values, crypto, log, draw, database, web shell."""
