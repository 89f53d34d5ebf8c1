"""Files that are bounded, written whole or not at all, and read strictly. No torch."""
