"""The scenes of the demonstration, one module per part of the procedure."""
