"""The demonstration: a whole tender played through HTTP, as its people would."""
