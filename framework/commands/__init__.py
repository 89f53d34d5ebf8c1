"""Commands of `acclimate`, a module each; `main` takes the arguments after the command's name."""
