"""What a procedure is made of, as versioned data: dates, notices, committee, methods, envelopes, bonds.

Law: R-META-01, R-META-02; docs/adr/0011-procedures-are-data.md. `definition` holds the values, `book` puts the files
together. Nothing here knows a number: numbers are rows of the parameter table.
"""
