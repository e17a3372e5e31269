"""Registration with the e-licence, sealed bids and their opening (rung 2)."""
