"""The roof: application, processes, command line, settings, wiring."""
