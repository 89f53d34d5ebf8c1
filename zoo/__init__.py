"""Checkpoints to start from, each with its card."""
