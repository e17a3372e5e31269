"""JSON doors of bidding, used by the browser's modules, the command-line client and the demonstration."""
