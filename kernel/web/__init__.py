"""The web floor of the kernel: filters, figures, pages as PDFs, seals. No route lives here."""
