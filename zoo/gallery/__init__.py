"""`acclimate zoo site`: pages of all checkpoints that registries name. Imports no torch."""
