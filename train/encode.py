"""From rows to tokens, each marked as trained on or only read. Kept on disk by content, so that a second run starts at once."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise.harness_ext.errors import DataError, first_line
from equipoise.harness_ext.models import cache_folder
from equipoise.train.config import Source, TrainConfig
from equipoise.train.rows import Row, hash_files, read_rows

_VERSION = 1
"""Of the files in the cache."""


@dataclass(frozen=True, slots=True)
class Example:
    """Tokens of one example."""

    ids: npt.NDArray[np.int32]
    trained: npt.NDArray[np.bool_]
    """Where the loss is taken; never at the first token, which nothing predicts."""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Encoded:
    """All examples of one source, memory-mapped."""

    name: str
    ids: npt.NDArray[np.int32]
    trained: npt.NDArray[np.bool_]
    starts: npt.NDArray[np.int64]
    """Where each example begins; one more than there are examples."""
    held_out: npt.NDArray[np.int64]
    """Examples kept for validation."""
    kept: npt.NDArray[np.int64]
    """Examples to train on."""
    digests: npt.NDArray[np.uint64]
    """Of each example's content."""
    counts: dict[str, int]
    """rows, truncated, dropped."""
    data_hash: str

    def __getitem__(self, index: int) -> Example:
        part = slice(int(self.starts[index]), int(self.starts[index + 1]))
        return Example(self.ids[part], self.trained[part], self.name)

    def trained_tokens(self) -> npt.NDArray[np.int64]:
        """Of each kept example."""
        sums = np.concatenate([[0], np.cumsum(self.trained, dtype=np.int64)])
        return np.asarray((sums[self.starts[1:]] - sums[self.starts[:-1]])[self.kept], dtype=np.int64)

    def lengths(self) -> npt.NDArray[np.int64]:
        """All tokens of each kept example."""
        return np.diff(self.starts)[self.kept]


class Encoder:
    """Turns rows into tokens with a tokenizer and its chat template."""

    def __init__(self, tokenizer: Any, config: TrainConfig, stop_ids: Iterable[int]):
        self._tokenizer = tokenizer
        self._config = config
        self._stop_ids = frozenset(stop_ids)
        first = tokenizer("a")["input_ids"][0]
        self._bos = first if first == tokenizer.bos_token_id else None  # stands before a text, where this tokenizer puts one
        self._template: str | None = None
        if config.chat_template:
            try:
                self._template = config.chat_template.read_text("utf-8")
            except OSError as error:
                raise DataError(f"chat_template: {config.chat_template}: cannot be read ({error.strerror})") from error
            tokenizer.chat_template = self._template  # it is saved with the checkpoints
        if not getattr(tokenizer, "is_fast", False):
            raise DataError("this model has no fast tokenizer, which is needed to know where an answer begins")

    def encode(self, rows: Iterator[Row]) -> Iterator[tuple[Row, Example | None, bool]]:
        """(row, its example or None where it is dropped, whether it was truncated). Raises `DataError`."""
        while group := list(islice(rows, 512)):
            rendered = [self._render(row) for row in group]
            encoded = self._tokenizer(
                [text for text, *_ in rendered], add_special_tokens=False, return_offsets_mapping=True, return_attention_mask=False
            )
            for row, (_, spans, whole), ids, offsets in zip(
                group, rendered, encoded["input_ids"], encoded["offset_mapping"], strict=True
            ):
                yield (row, *self._example(row, spans, whole, ids, offsets))

    def _example(
        self, row: Row, spans: list[tuple[int, int]], whole: bool, ids: list[int], offsets: list[tuple[int, int]]
    ) -> tuple[Example | None, bool]:
        begins = np.array([begin for begin, _ in offsets])
        ends = np.array([end for _, end in offsets])
        trained = np.zeros(len(ids), dtype=bool)
        for begin, end in spans:
            inside = (begins >= begin) & (ends <= end) & (ends > begins)
            trained |= inside
            if row.messages and inside.any() and self._stop_ids.isdisjoint((last := ids[int(np.flatnonzero(inside)[-1])],)):
                raise DataError(f"{row.place}: the answer ends with {self._tokenizer.decode([last])!r}{self._why_endless(last)}")
        if not whole:  # a text without a chat template: what follows it is its end
            ids, trained = [*ids, self._tokenizer.eos_token_id], np.append(trained, True)
            if self._bos is not None:
                ids, trained = [self._bos, *ids], np.insert(trained, 0, False)
        longest = self._config.max_length
        too_long = len(ids) > longest
        if too_long and self._config.too_long == "error":
            raise DataError(
                f"{row.place}: {len(ids):,} tokens, max_length is {longest:,}: raise it, or set too_long to truncate or drop"
            )
        if too_long and self._config.too_long == "drop":
            return None, False
        trained[0] = False
        trained = trained[:longest]
        if not trained.any():
            return None, False
        return Example(np.asarray(ids[:longest], dtype=np.int32), trained), too_long

    def _why_endless(self, last: int) -> str:
        stops = ", ".join(repr(self._tokenizer.decode([i])) for i in sorted(self._stop_ids))
        if last in self._tokenizer.all_special_ids:
            return f", at which this model does not stop (it stops at {stops}): add {last} to eos_token_id in the base's generation_config.json"
        return (
            f", not with an end-of-turn token ({stops}), so the model would never learn to stop: put the end of turn inside"
            " {% generation %} of the chat template"
        )

    def _render(self, row: Row) -> tuple[str, list[tuple[int, int]], bool]:
        """(text, character spans to train on, whether the text carries its own end)."""
        if not row.messages:
            text = f"{row.prompt}{row.text}"
            return text, [(len(row.prompt), len(text))], False
        if not self._tokenizer.chat_template:
            raise DataError(
                f"{row.place}: the model has no chat template: give chat_template: FILE.jinja, or chat: false for prompts and completions"
            )
        messages = list(row.messages)
        text = self._apply(messages, row)
        if "{% generation" in (template := str(self._tokenizer.chat_template)) or "{%- generation" in template:
            return text, self._marked_spans(messages, row, text), True
        spans = []
        for number, message in enumerate(messages):
            if message["role"] != "assistant":
                continue
            before = self._apply(messages[:number], row, add_generation_prompt=True)
            after = self._apply(messages[: number + 1], row)
            if not (text.startswith(before) and text.startswith(after.rstrip())):
                raise DataError(
                    f"{row.place}: the chat template writes turn {number + 1} differently when more follows, so its tokens cannot be marked:"
                    " give a chat_template with {% generation %} around the answers"
                )
            spans.append((len(before), len(after.rstrip())))
        return text, spans, True

    def _apply(self, messages: list[dict[str, Any]], row: Row, **options: Any) -> str:
        try:
            return str(self._tokenizer.apply_chat_template(messages, tools=row.tools, tokenize=False, **options))
        except Exception as error:  # whatever a jinja template raises
            raise DataError(f"{row.place}: the chat template refuses this conversation ({first_line(error)})") from error

    def _marked_spans(self, messages: list[dict[str, Any]], row: Row, text: str) -> list[tuple[int, int]]:
        """Spans inside `{% generation %}`."""
        from transformers.utils.chat_template_utils import render_jinja_template

        rendered, spans = render_jinja_template(
            [messages],
            tools=row.tools,
            chat_template=self._tokenizer.chat_template,
            return_assistant_tokens_mask=True,
            **self._tokenizer.special_tokens_map,
        )
        if rendered[0] != text or not spans[0]:
            raise DataError(f"{row.place}: no answer lies inside {{% generation %}} of the chat template")
        return [(begin, begin + len(text[begin:end].rstrip())) for begin, end in spans[0]]


def encode_source(name: str, source: Source, config: TrainConfig, encoder: Encoder, tokenizer_key: str) -> Encoded:
    """The examples of a source, from the cache where nothing changed. Raises `DataError` for an empty source."""
    data_hash = hash_files(name, source)
    key = [_VERSION, data_hash, tokenizer_key, source.format, source.chat, config.max_length, config.too_long]
    folder = cache_folder() / "encoded" / hashlib.sha256(json.dumps(key).encode()).hexdigest()[:32]
    if not (folder / "counts.json").is_file():
        _write(folder, encoder.encode(read_rows(name, source)))
    counts = json.loads((folder / "counts.json").read_text("utf-8"))
    if not counts["examples"]:
        why = f" ({counts['rows']} rows, all dropped as too long)" if counts["rows"] else ""
        raise DataError(f"source {name}: it is empty{why}: {', '.join(source.places)}")
    parts = {part: np.load(folder / f"{part}.npy", mmap_mode="r") for part in ("ids", "trained", "starts", "digests")}
    everything = np.arange(len(parts["starts"]) - 1)
    kept = {part: counts[part] for part in ("rows", "truncated", "dropped")}
    digests = np.asarray(parts["digests"])
    return Encoded(
        name, parts["ids"], parts["trained"], np.asarray(parts["starts"]), everything[:0], everything, digests, kept, data_hash
    )


def hold_out(sources: Mapping[str, Encoded], wanted: int) -> dict[str, Encoded]:
    """Keep up to `wanted` examples of each source, at most a fifth of it, for validation: those of the smallest content hashes.

    So equal rows are never on both sides, also across sources, and more data moves few.
    """
    chosen = np.concatenate([_smallest(source.digests, wanted) for source in sources.values()])
    found = {}
    for name, source in sources.items():
        held = np.isin(source.digests, chosen)
        if held.all():
            raise DataError(f"source {name}: nothing is left of it beside validation: its rows are also in another source")
        found[name] = replace(source, held_out=np.flatnonzero(held), kept=np.flatnonzero(~held))
    return found


def _smallest(digests: npt.NDArray[np.uint64], wanted: int) -> npt.NDArray[np.uint64]:
    values, counts = np.unique(digests, return_counts=True)
    return values[np.cumsum(counts) <= min(wanted, len(digests) // 5)]


def _write(folder: Path, examples: Iterator[tuple[Row, Example | None, bool]]) -> None:
    """Fill a folder of the cache: whole or absent."""
    ids, trained, lengths, digests, counts = [], [], [], [], {"rows": 0, "truncated": 0, "dropped": 0, "examples": 0}
    for row, example, truncated in examples:
        counts["rows"] += 1
        if example is None:
            counts["dropped"] += 1
            continue
        counts["truncated"] += truncated
        counts["examples"] += 1
        ids.append(example.ids)
        trained.append(example.trained)
        lengths.append(len(example.ids))
        digests.append(int.from_bytes(row.digest()[:8], "big"))
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=".", dir=folder.parent))
    except OSError as error:
        raise _cache_error(folder, error) from error
    try:
        _save(work, ids, trained, lengths, digests, counts)
    except OSError as error:
        shutil.rmtree(work, ignore_errors=True)
        raise _cache_error(folder, error) from error
    try:
        os.rename(work, folder)
    except OSError:  # another process was faster
        shutil.rmtree(work, ignore_errors=True)


def _save(work: Path, ids: Any, trained: Any, lengths: Any, digests: Any, counts: dict[str, int]) -> None:
    np.save(work / "ids.npy", np.concatenate(ids) if ids else np.zeros(0, np.int32))
    np.save(work / "trained.npy", np.concatenate(trained) if trained else np.zeros(0, bool))
    np.save(work / "starts.npy", np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64))
    np.save(work / "digests.npy", np.array(digests, dtype=np.uint64))
    (work / "counts.json").write_text(json.dumps(counts))


def _cache_error(folder: Path, error: OSError) -> DataError:
    return DataError(
        f"{folder.parent}: the encoded data cannot be kept there ({error.strerror or error}); set EQUIPOISE_CACHE to a folder of yours"
    )


def marked(example: Example, tokenizer: Any, begin: str = "[", end: str = "]") -> str:
    """The text of an example with the trained stretches between two marks."""
    edges = [0, *(np.flatnonzero(np.diff(example.trained)) + 1), len(example.ids)]
    parts = []
    for start, stop in pairwise(edges):
        text = tokenizer.decode(example.ids[start:stop].tolist())
        parts.append(f"{begin}{text}{end}" if example.trained[start] else text)
    return "".join(parts)
