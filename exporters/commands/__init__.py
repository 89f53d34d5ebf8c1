"""The commands that make, run and judge artefacts, each a module."""
