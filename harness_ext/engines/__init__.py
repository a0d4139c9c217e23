"""Engines: vLLM and transformers behind one small protocol, in tokens."""

from __future__ import annotations

from equipoise.harness_ext.engines._protocol import (
    Engine,
    EngineConfig,
    Generation,
    Sampling,
    Scored,
    ScoringRequest,
    Ticker,
    no_ticks,
)
from equipoise.harness_ext.engines._vllm import VllmEngine, installed_version, quiet_environment
from equipoise.harness_ext.errors import EngineError

CHOICES = ("auto", "vllm", "hf")

__all__ = [
    "CHOICES",
    "Engine",
    "EngineConfig",
    "Generation",
    "Sampling",
    "Scored",
    "ScoringRequest",
    "Ticker",
    "choose_engine",
    "no_ticks",
    "open_engine",
    "quiet_environment",
]


def choose_engine(choice: str) -> str:
    """ "vllm" or "hf": `auto` is vLLM wherever it is installed. Raises `EngineError` for another name."""
    if choice not in CHOICES:
        raise EngineError(f"unknown engine {choice!r}: use {', '.join(CHOICES)}")
    if choice == "auto":
        return "vllm" if installed_version() else "hf"
    return choice


def open_engine(choice: str, folder: str, config: EngineConfig) -> Engine:
    """Start an engine with the weights in `folder` (a full model in Hugging Face format).

    Raises `EngineError` where it cannot start, `MissingExtraError` where its library is absent.
    """
    if choose_engine(choice) == "vllm":
        quiet_environment()
        return VllmEngine(folder, config)
    from equipoise.harness_ext.engines._hf import HfEngine

    return HfEngine(folder, config)
