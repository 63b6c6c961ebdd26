"""A business with many access points: all of them on one page, and one answer for many (docs/how-to/business.md)."""
