"""The commands that train, compare, report and look after data, each a module."""
