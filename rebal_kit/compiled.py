"""@compiled: machine code from plain functions, with an on-disk cache that cannot go stale.

numba's own cache looks only at the file that holds a function. A kernel that calls a rule in another file would go on
using the old rule after an edit. Here the cache folder is named by a hash of every compiled source in the package, so
that any edit starts afresh. With ``NUMBA_DISABLE_JIT=1`` the same functions run interpreted.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba.core.caching import CompileResultCacheImpl, FunctionCache, _CacheLocator
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler

F = TypeVar("F", bound=Callable[..., Any])

_PACKAGE = Path(__file__).parent
_SOURCES = (
    "compiled.py",
    "by_reference.py",
    "metrics.py",
    "reasons.py",
    "rules/*.py",
    "rules/*.toml",
    "engine/*.py",
)
_OLD_CACHES_KEPT = 3


@cache
def source_hash() -> str:
    """Return the hash of everything a compiled function may depend on, numba, Python and processor flags included."""
    digest = hashlib.sha256(
        f"{numba.__version__} {sys.version} {os.environ.get('NUMBA_BOUNDSCHECK')}".encode()
    )
    for pattern in _SOURCES:
        for path in sorted(_PACKAGE.glob(pattern)):
            digest.update(path.relative_to(_PACKAGE).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@cache
def cache_folder() -> Path:
    """Return where this version's machine code is kept, having removed all but the newest few older versions."""
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rebal_kit" / "compiled"
    folder = root / source_hash()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        old = sorted(
            (p for p in root.iterdir() if p != folder), key=lambda p: p.stat().st_mtime, reverse=True
        )
        for stale in old[_OLD_CACHES_KEPT:]:
            for item in stale.iterdir():
                item.unlink(missing_ok=True)
            stale.rmdir()
    except OSError:
        pass  # a read-only home or another process tidying up: compile in memory, or share what is there
    return folder


class _HashedLocator(_CacheLocator):  # type: ignore[misc]
    """Tell numba where the cache of a function is, and what makes it stale."""

    def __init__(self, py_func: Any, py_file: str):
        self._name = Path(py_file).stem
        self._line = py_func.__code__.co_firstlineno

    def get_cache_path(self) -> str:
        return str(cache_folder())

    def get_source_stamp(self) -> str:
        return source_hash()

    def get_disambiguator(self) -> str:
        return f"{self._name}-{self._line}"

    @classmethod
    def from_function(cls, py_func: Any, py_file: str) -> _HashedLocator | None:
        return cls(py_func, py_file) if os.access(cache_folder(), os.W_OK) else None


class _HashedCacheImpl(CompileResultCacheImpl):  # type: ignore[misc]
    _locator_classes = (_HashedLocator,)


class _HashedCache(FunctionCache):  # type: ignore[misc]
    _impl_class = _HashedCacheImpl


class _PartLibrary(JITCodeLibrary):  # type: ignore[misc]
    """The code of a function that is only ever a part of others: kept as it was lowered, to be linked into them.

    numba would also optimise it with all it calls, turn that into machine code and give it an entrance. All of it is
    done again, and used, in the function called from Python; leaving it out saves a third of the time of compiling.
    """

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._verify_declare_only_symbols()
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:  # noqa: ARG002 - numba's own interface
        self._ensure_finalized()
        return 0

    @property
    def codegen(self) -> _PartLibrary:
        return self

    def set_env(self, name: str, env: Any) -> None:
        """There is no machine code yet that would want its environment."""


class _PartCompiler(Compiler):  # type: ignore[misc]
    """numba's own stages, into a `_PartLibrary`."""

    def __init__(self, *arguments: Any):
        super().__init__(*arguments)
        self.state.library = _PartLibrary(self.state.targetctx.codegen(), f"part-{id(self)}")


def compiled(function: F) -> F:
    """Compile `function` on first call and keep the machine code on disk.

    Bit for bit the same as the interpreted function: no fast-math, no re-ordering. The GIL is released while it runs.
    Compiled functions own no memory: all arrays come from the caller. That lets numba leave out reference counting,
    which otherwise costs half a microsecond for every call that is handed a ledger.
    """
    dispatcher: Any = _compile(function)
    if hasattr(dispatcher, "py_func") and os.access(cache_folder(), os.W_OK):
        dispatcher._cache = _HashedCache(function)
    return dispatcher  # type: ignore[no-any-return]


def inner(function: F) -> F:
    """Compile a function that only compiled functions call.

    It gets no entrance from Python: unpacking a ledger's arrays at each one would more than double the compile time.
    """
    return _part(function)


def hot(function: F) -> F:
    """Compile a function that only compiled functions call, for every position or every session: always inlined."""
    return _part(function, forceinline=True)


def _part(function: F, **options: Any) -> F:
    return _compile(
        function, no_cpython_wrapper=True, no_cfunc_wrapper=True, pipeline_class=_PartCompiler, **options
    )


def _compile(function: F, **options: Any) -> F:
    return numba.njit(nogil=True, error_model="numpy", _nrt=False, **options)(function)  # type: ignore[no-any-return]


def is_interpreted() -> bool:
    """Say whether the compiled functions of this process run as plain Python."""
    return bool(numba.config.DISABLE_JIT)
