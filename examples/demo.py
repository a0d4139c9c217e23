"""make demo

Score the bundled SmolLM2-135M-Instruct on monetization45 with the real `lm_eval` command, then show the result. Uses
vLLM where it is importable (CUDA or CPU build), else transformers. Results: `results/demo`.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

from equipoise.harness_ext.errors import EquipoiseError
from equipoise.harness_ext.models import bundled_model
from equipoise.harness_ext.summary import print_summary

BIN = Path(sys.executable).parent
QUIET = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "TOKENIZERS_PARALLELISM": "false",
    "LMEVAL_LOG_LEVEL": "ERROR",
    "VLLM_LOGGING_LEVEL": "ERROR",
    "PYTHONWARNINGS": "ignore",
    "TORCH_CPP_LOG_LEVEL": "ERROR",
    "TORCH_LOGS": "-all",
}
CPU = {"VLLM_CPU_KVCACHE_SPACE": "3", "VLLM_CPU_OMP_THREADS_BIND": "nobind", "OMP_NUM_THREADS": str(os.cpu_count() or 1)}


def command(model: Path, engine: str, output: Path, limit: int | None) -> list[str]:
    """The `lm_eval` command line that a user would type."""
    model_args = {"pretrained": str(model), "dtype": "bfloat16"}
    if engine == "vllm":
        model_args |= {"max_model_len": "2048", "enforce_eager": "True"}
    return [
        str(BIN / "lm_eval"),
        *("--model", engine),
        *("--model_args", ",".join(f"{k}={v}" for k, v in model_args.items())),
        *("--tasks", "monetization45"),
        "--apply_chat_template",
        *("--batch_size", "auto" if engine == "vllm" else "16"),
        *("--gen_kwargs", "max_gen_toks=512"),
        "--log_samples",
        *("--output_path", str(output)),
        *(["--device", "cpu"] if engine == "hf" and not _has_cuda() else []),
        *(["--limit", str(limit)] if limit else []),
    ]


def run(line: list[str], log: Path, environment: dict[str, str]) -> int:
    """Run a command in a session of its own, so that Ctrl-C ends it with all its engine processes and no traceback."""
    with log.open("w") as table, subprocess.Popen(line, stdout=table, env=environment, start_new_session=True) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            os.killpg(process.pid, signal.SIGKILL)
            raise


def _has_cuda() -> bool:
    import torch

    return torch.cuda.is_available()


def main() -> int:
    """Convert the model, run lm_eval, print the summary."""
    parser = argparse.ArgumentParser(description="Score the bundled model on monetization45.")
    parser.add_argument("--engine", choices=["auto", "vllm", "hf"], default="auto")
    parser.add_argument("--output", type=Path, default=Path("results/demo"))
    parser.add_argument("--limit", type=int, help="only the first questions")
    options = parser.parse_args()
    engine = options.engine
    if engine == "auto":
        engine = "vllm" if importlib.util.find_spec("vllm") else "hf"
    os.environ.update(QUIET)
    started = time.monotonic()
    print("1/3  The model: SmolLM2-135M-Instruct, bundled")
    model = bundled_model("smollm2-135m")
    line = command(model, engine, options.output, options.limit)
    print(
        f"2/3  45 questions, 3 phrasings each, at most 512 tokens an answer:\n     {shlex.join(['lm_eval', *line[1:]])}\n",
        flush=True,
    )
    options.output.mkdir(parents=True, exist_ok=True)
    log = options.output / "lm_eval.log"
    code = run(line, log, os.environ | (CPU if engine == "vllm" and not _has_cuda() else {}))
    if code:
        print(f"lm_eval ended with code {code}; its output is in {log}", file=sys.stderr)
        return code
    print(f"\n3/3  Done in {time.monotonic() - started:.0f} seconds")
    print_summary(options.output)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except EquipoiseError as error:
        sys.exit(f"demo: {error}")
    except KeyboardInterrupt:
        sys.exit("\ndemo: stopped; nothing half-written was kept")
