"""Abilities whose items are drawn, not stored: each package has `draw(count, seed) -> list[dict]`, a pure function."""
