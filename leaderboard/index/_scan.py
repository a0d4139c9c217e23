"""Which files a result folder has: on this machine or wherever fsspec reaches. Lists and reads, never writes."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import fsspec

from equipoise.harness_ext.errors import MissingExtraError, ResultsError, first_line
from equipoise.leaderboard.index._formats import kind_of
from equipoise.leaderboard.index._values import shown, storable

_CHANGED = ("mtime", "LastModified", "last_modified", "updated", "modified", "ETag", "etag", "md5Hash", "blob_id", "created")
"""Where file systems of fsspec say that a file is another one."""


@dataclass(frozen=True, slots=True)
class Found:
    """One file that may be of interest."""

    path: str
    """Within the result folder, with `/`."""
    location: str
    """What the file system opens."""
    size: int
    """Bytes; -1 where the file system does not say."""
    changed: str
    """Another one where the file was written again: mtime in nanoseconds, or what a remote file system has instead."""
    modified: float
    """Seconds since 1970; 0 where unknown."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a folder, and what could not be listed."""

    files: list[Found]
    problems: list[tuple[str, str]]
    """(path, one-line reason)."""
    samples: int
    """Files of answers. They are not looked into, but one that came late changes what can be compared."""


class Folder(Protocol):
    """A result folder."""

    key: str
    """Equal for the same folder."""

    def listing(self) -> Listing:
        """Its files of interest, in the order of their paths. Raises `ResultsError` where it is gone or out of reach."""

    def read(self, file: Found, limit: int) -> bytes:
        """The first `limit` bytes of a file. Raises `OSError`."""


def open_folder(root: str) -> Folder:
    """A folder on this machine, or any URL of fsspec.

    Raises `ResultsError` for what is no folder, `MissingExtraError` where the package for a kind of URL is not installed.
    """
    if "://" not in root and "::" not in root:
        return LocalFolder(Path(root))
    try:
        system, path = fsspec.core.url_to_fs(root)
    except ImportError as error:
        raise MissingExtraError(f"{root}: {first_line(error)}") from error
    except Exception as error:  # each kind of file system has its own
        raise ResultsError(f"{root}: cannot be reached ({first_line(error)})") from error
    if isinstance(system, fsspec.implementations.local.LocalFileSystem):
        return LocalFolder(Path(path))
    return RemoteFolder(root, system, path)


class LocalFolder:
    """A folder on this machine. Links that lead out of it are not followed."""

    def __init__(self, root: Path):
        self.root = Path(os.path.realpath(root.expanduser()))
        if not self.root.is_dir():
            raise ResultsError(
                f"{root}: {'is a file; name the folder of results' if self.root.exists() else 'no such result folder'}"
            )
        self.key = str(self.root)

    def listing(self) -> Listing:
        """Its files of interest, in the order of their paths."""
        if not self.root.is_dir():
            raise ResultsError(f"{self.root}: no such result folder")
        inside = str(self.root).rstrip("/") + "/"
        files: list[tuple[Found, bool]] = []  # and whether through a link
        problems: list[tuple[str, str]] = []
        samples, folders = 0, [str(self.root)]
        while folders:
            folder = folders.pop()
            try:
                with os.scandir(folder) as entries:
                    found = [entry for entry in entries if not entry.name.startswith(".")]
            except OSError as error:
                problems.append((_within(folder, inside), f"cannot be listed ({error.strerror or error})"))
                continue
            for entry in found:
                path, linked = _within(entry.path, inside), entry.is_symlink()
                try:
                    if linked and not f"{os.path.realpath(entry.path)}/".startswith(inside):
                        if kind_of(path) or entry.is_dir():
                            problems.append((path, "is a link that leads out of the folder: not followed"))
                    elif entry.is_dir():
                        if not linked:  # what a link within the folder leads to is met there
                            folders.append(entry.path)
                    elif kind_of(path):
                        location = os.path.realpath(entry.path) if linked else entry.path
                        status = os.stat(location)
                        if stat.S_ISREG(status.st_mode):
                            files.append((Found(path, location, status.st_size, str(status.st_mtime_ns), status.st_mtime), linked))
                    else:
                        samples += _is_samples(path)
                except FileNotFoundError:  # gone since
                    continue
                except OSError as error:
                    problems.append((path, f"cannot be looked at ({error.strerror or error})"))
        real = {file.location for file, linked in files if not linked}
        return _listing((file for file, linked in files if not linked or file.location not in real), problems, samples)

    def read(self, file: Found, limit: int) -> bytes:
        """The first `limit` bytes of a file."""
        with open(file.location, "rb") as stream:
            return stream.read(limit)


class RemoteFolder:
    """A folder of an fsspec file system."""

    def __init__(self, url: str, system: Any, path: str):
        self.key, self._system, self._path = url.rstrip("/"), system, path.rstrip("/")

    def listing(self) -> Listing:
        """Its files of interest, in the order of their paths."""
        try:
            self._system.invalidate_cache()
            found: Mapping[str, Mapping[str, Any]] = self._system.find(self._path, detail=True)
            if not found and not self._system.isdir(self._path):
                raise FileNotFoundError("no such result folder")
        except Exception as error:  # each kind of file system has its own
            raise ResultsError(f"{shown(self.key)}: cannot be listed ({first_line(error)})") from error
        files, samples = [], 0
        for location, info in found.items():
            path = storable(location.removeprefix(self._path).lstrip("/"))
            if info.get("type", "file") != "file" or any(p.startswith(".") for p in path.split("/")):
                continue
            samples += _is_samples(path)
            if kind_of(path):
                changed = next((info[key] for key in _CHANGED if info.get(key) is not None), "")
                size = info.get("size")
                files.append(Found(path, location, size if isinstance(size, int) else -1, str(changed), _seconds(changed)))
        return _listing(files, [], samples)

    def read(self, file: Found, limit: int) -> bytes:
        """The first `limit` bytes of a file."""
        try:
            with self._system.open(file.location, "rb") as stream:
                return bytes(stream.read(limit))
        except OSError:
            raise
        except Exception as error:  # each kind of file system has its own
            raise OSError(first_line(error)) from error


def _listing(files: Iterable[Found], problems: list[tuple[str, str]], samples: int) -> Listing:
    """In order. Of two names that only differ in bytes that are no text, one is left out and listed."""
    by_path: dict[str, Found] = {}
    for file in sorted(files, key=lambda f: (f.path, f.location)):
        if file.path in by_path:
            problems.append((file.path, "is the name of two files, which differ in bytes that are no text: one is left out"))
        else:
            by_path[file.path] = file
    return Listing(list(by_path.values()), sorted(problems), samples)


def _is_samples(path: str) -> bool:
    name = path.rpartition("/")[2]
    return name.startswith("samples_") and name.endswith(".jsonl")


def _within(path: str, inside: str) -> str:
    return storable(path.removeprefix(inside))


def _seconds(changed: object) -> float:
    if isinstance(changed, datetime):
        return changed.timestamp()
    return float(changed) if isinstance(changed, (int, float)) else 0.0
