"""The built-in example: five real checkpoints of SmolLM2-135M, small enough to travel with the package."""

from __future__ import annotations

from pathlib import Path


def example_folder() -> Path:
    """The folder with its results."""
    return Path(__file__).parent / "example_results"
