"""Where checkpoints come from, and how their files get here."""
