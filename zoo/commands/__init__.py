"""The commands of `acclimate zoo`, each a module."""
