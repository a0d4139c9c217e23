"""A series of checkpoints: found, identified, scored with one engine, kept in files."""

from equipoise.harness_ext.engines import EngineConfig
from equipoise.harness_ext.series._command import parse_settings, parse_shard, run_score, without_flags
from equipoise.harness_ext.series._options import ScoreOptions

__all__ = ["EngineConfig", "ScoreOptions", "parse_settings", "parse_shard", "run_score", "without_flags"]
