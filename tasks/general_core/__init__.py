"""Ten general abilities, offline: item files, and generators for what can be drawn."""
