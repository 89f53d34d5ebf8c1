"""`acclimate zoo site`: pages of all checkpoints that registries name."""
