"""A table, domains and a recipe: from there to a run, its comparison with source-only, and back from its folder."""
