"""Methods as data: recipes, what they name by import path, and which of that is trusted. No torch."""
