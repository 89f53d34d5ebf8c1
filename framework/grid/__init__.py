"""The fair comparison: every recipe on every shift with every seed, and tables of what came out."""
