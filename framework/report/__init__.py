"""`acclimate report`: one HTML page about a finished run, with its scores, its features and how its training went."""
