"""The `equipoise` command. A verb's module is imported only when that verb runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from equipoise import __version__
from equipoise.harness_ext.errors import EquipoiseError

app = typer.Typer(
    help="Adapt an open language model to your business, and see what it costs elsewhere.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
rubric = typer.Typer(help="Question sets with scoring guidelines: ours and yours.", no_args_is_help=True)
app.add_typer(rubric, name="rubric")


def _version(wanted: bool) -> None:
    if wanted:
        print(f"equipoise {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    """Adapt an open language model to your business, and see what it costs elsewhere."""


@rubric.command("check")
def rubric_check(
    folder: Annotated[str, typer.Argument(help="A bundled set (monetization45), or a folder or file of questions.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Also list what the rules saw in each disagreement.")] = False,
) -> None:
    """Lint a question set: schema, forms, references, hand-marked answers, answers that say nothing."""
    from equipoise.harness_ext.rubric_report import run_check

    raise typer.Exit(run_check(folder, as_json=as_json, verbose=verbose))


@app.command("model")
def model(
    name: Annotated[str, typer.Argument(help="A bundled model, e.g. smollm2-135m.")],
) -> None:
    """Print the folder of a bundled model, converting it on first use."""
    from equipoise.harness_ext.models import bundled_model

    print(bundled_model(name))


@app.command("train")
def train(
    config: Annotated[Path, typer.Argument(help="The run's YAML file, see docs/training.md.")],
    override: Annotated[list[str] | None, typer.Option("--set", help="key=value over the file, e.g. --set tokens=50000.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where the run was stopped, exactly.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the plan: tokens, passes, steps, time, memory, examples.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the plan or the outcome as JSON.")] = False,
) -> None:
    """Fine-tune with a token-exact mix of sources; writes a series of checkpoints that `equipoise score` takes."""
    from equipoise.train._command import run_train

    raise typer.Exit(run_train(config, override or [], resume=resume, dry_run=dry_run, as_json=as_json))


@app.command("merge")
def merge(
    base: Annotated[str, typer.Option(help="The model it was tuned from: a folder, bundled or hub name.")],
    tuned: Annotated[str, typer.Option(help="The tuned model or adapter.")],
    output: Annotated[Path, typer.Option(help="The new folder; with several alphas, one folder each inside.")],
    alpha: Annotated[str, typer.Option(help="0 is the base, 1 the tuned model; several with commas.")] = "0.5",
) -> None:
    """Interpolate the weights of a base and a tuned model (WiSE-FT)."""
    from equipoise.train._command import run_merge

    raise typer.Exit(run_merge(base, tuned, alpha, output))


@app.command("score")
def score(
    checkpoints: Annotated[
        list[str] | None, typer.Argument(help="Checkpoint or adapter folders, run folders, globs, hub names.")
    ] = None,
    tasks: Annotated[str, typer.Option(help="lm-eval tasks or groups, with commas.")] = "",
    results: Annotated[Path, typer.Option(help="Where scores go: one folder per checkpoint.")] = Path("results"),
    base: Annotated[list[str] | None, typer.Option(help="The model they started from: scored too, and compared with.")] = None,
    with_base: Annotated[
        bool, typer.Option("--implied-base/--no-base", help="Also score the base that adapters and manifests name.")
    ] = True,
    engine: Annotated[str, typer.Option(help="auto (vLLM where it is installed), vllm, or hf (transformers).")] = "auto",
    dtype: Annotated[str, typer.Option(help="bfloat16, float16, float32, auto.")] = "bfloat16",
    max_model_len: Annotated[int | None, typer.Option(help="Longest prompt plus answer, in tokens.")] = None,
    tensor_parallel_size: Annotated[int, typer.Option(help="GPUs that share one model.")] = 1,
    data_parallel_size: Annotated[int, typer.Option(help="Processes that share the checkpoints, one engine each.")] = 1,
    shard: Annotated[str, typer.Option(help="Part i/n of the checkpoints, for array jobs.")] = "1/1",
    adapters: Annotated[str, typer.Option(help="merge (one after the other), batch (multi-LoRA), or auto.")] = "auto",
    tokenizer: Annotated[str | None, typer.Option(help="One tokenizer for all checkpoints.")] = None,
    chat: Annotated[
        bool | None,
        typer.Option("--apply-chat-template/--no-chat-template", help="Default: where the tokenizer has one.", show_default=False),
    ] = None,
    system_instruction: Annotated[str | None, typer.Option(help="System prompt.")] = None,
    fewshot_as_multiturn: Annotated[
        bool | None,
        typer.Option(
            "--fewshot-as-multiturn/--no-fewshot-as-multiturn",
            help="Few-shot examples as turns of a chat. Default: with a chat template.",
            show_default=False,
        ),
    ] = None,
    enable_thinking: Annotated[bool | None, typer.Option(help="Passed to the chat template.", show_default=False)] = None,
    think_end_token: Annotated[str | None, typer.Option(help="Answers begin after it, e.g. </think>.")] = None,
    num_fewshot: Annotated[int | None, typer.Option(help="Examples per prompt, where the task does not fix them.")] = None,
    limit: Annotated[float | None, typer.Option(help="Documents per task, or their share below 1; for tests.")] = None,
    gen_kwargs: Annotated[str | None, typer.Option(help="Generation settings: key=value,… or JSON.")] = None,
    metadata: Annotated[str | None, typer.Option(help="Task settings, e.g. form=7,repeats=4.")] = None,
    include_path: Annotated[str | None, typer.Option(help="A folder with further tasks.")] = None,
    engine_args: Annotated[
        str | None, typer.Option(help="Further arguments of vllm.LLM or from_pretrained: key=value,… or JSON.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of sampling.")] = 1234,
    trust_remote_code: Annotated[bool, typer.Option("--trust-remote-code", help="Run model code of a checkpoint.")] = False,
    confirm_run_unsafe_code: Annotated[
        bool, typer.Option("--confirm-run-unsafe-code", help="Run code that a model wrote.")
    ] = False,
    watch: Annotated[Path | None, typer.Option(help="Score this run's checkpoints as they are written; stops by itself.")] = None,
    idle: Annotated[float, typer.Option(help="Stop watching after so many minutes without a new checkpoint.")] = 30.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the table as JSON.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show what engines and libraries say.")] = False,
) -> None:
    """Score a series of checkpoints with one engine. Finished scores are kept: the same command goes on where it stopped."""
    from equipoise.harness_ext.series import EngineConfig, ScoreOptions, parse_settings, parse_shard, run_score, without_flags

    options = ScoreOptions(
        tasks=tuple(name.strip() for name in tasks.split(",") if name.strip()),
        results=results,
        engine=engine,
        engine_config=EngineConfig(
            dtype=dtype,
            max_model_len=max_model_len,
            tensor_parallel_size=tensor_parallel_size,
            seed=seed,
            trust_remote_code=trust_remote_code,
            options=parse_settings(engine_args, "--engine-args"),
        ),
        adapters=adapters,
        tokenizer=tokenizer,
        chat=chat,
        system_instruction=system_instruction,
        fewshot_as_multiturn=fewshot_as_multiturn,
        enable_thinking=enable_thinking,
        think_end_token=think_end_token,
        num_fewshot=num_fewshot,
        limit=limit,
        gen_kwargs=parse_settings(gen_kwargs, "--gen-kwargs"),
        metadata=parse_settings(metadata, "--metadata"),
        include_path=include_path,
        confirm_run_unsafe_code=confirm_run_unsafe_code,
        shard=parse_shard(shard),
    )
    code = run_score(
        checkpoints or [],
        options,
        bases=base or [],
        with_bases=with_base,
        watched=watch,
        idle_minutes=idle,
        processes=data_parallel_size,
        arguments=without_flags(sys.argv[1:], ("--data-parallel-size", "--shard"), ("--json",)),
        as_json=as_json,
        verbose=verbose,
    )
    raise typer.Exit(code)


@app.command("compare")
def compare(
    checkpoints: Annotated[
        list[str] | None, typer.Argument(help="BASE CKPT…: names within --results, or result folders or files of lm-eval.")
    ] = None,
    results: Annotated[
        Path | None, typer.Option(help="A folder of `equipoise score`; alone: all its checkpoints against the base of the series.")
    ] = None,
    margin: Annotated[float, typer.Option(help="Largest loss of general ability that counts as none, above chance.")] = 0.03,
    domain: Annotated[str, typer.Option(help="Tasks that count as domain besides rubric tasks, with commas.")] = "",
    output: Annotated[list[Path] | None, typer.Option(help="Write a report: .html, .md or .json; may be given again.")] = None,
    gate: Annotated[bool, typer.Option("--gate", help="Exit code 0 no collapse, 1 collapse, 3 inconclusive.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the comparison as JSON.")] = False,
) -> None:
    """Compare checkpoints with their base: paired statistics, a verdict on both sides, reports, a gate for CI."""
    from equipoise.leaderboard._command import run_compare

    code = run_compare(
        checkpoints or [],
        results=results,
        margin=margin,
        domain=[name.strip() for name in domain.split(",") if name.strip()],
        output=output or [],
        gate=gate,
        to_json=as_json,
    )
    raise typer.Exit(code)


@app.command("leaderboard")
def leaderboard(
    folder: Annotated[str | None, typer.Argument(help="A result folder or fsspec URL; none: a built-in example.")] = None,
    port: Annotated[int, typer.Option(help="Of the page.")] = 8501,
    address: Annotated[str, typer.Option(help="0.0.0.0 to be reached from other machines.")] = "localhost",
    headless: Annotated[bool, typer.Option("--headless", help="Do not open a browser.")] = False,
    base_path: Annotated[str, typer.Option(help="Path behind a proxy, e.g. leaderboard.")] = "",
    login: Annotated[bool, typer.Option("--login", help="Refuse to start unless readers must log in, see docs/deploy.md.")] = False,
) -> None:
    """Open the leaderboard of a result folder. It reads, and writes nothing there."""
    from equipoise.leaderboard._serve import run_leaderboard

    raise typer.Exit(run_leaderboard(folder, port=port, address=address, headless=headless, base_path=base_path, login=login))


@app.command("summary")
def summary(
    results: Annotated[Path, typer.Argument(help="A result folder or results_*.json file of lm-eval.")],
    question: Annotated[str | None, typer.Option(help="Show this question instead of the most telling one.")] = None,
) -> None:
    """Print one run of a rubric task as a table: scores with intervals, weakest categories, one graded answer."""
    from equipoise.harness_ext.summary import print_summary

    print_summary(results, question)


def main() -> None:
    """Run the command; a mistake in the input is one line on standard error and exit code 2."""
    try:
        app()
    except EquipoiseError as error:
        print(f"equipoise: {error}", file=sys.stderr)
        sys.exit(2)
