"""A directory as store: a USB disk, a NAS, the demo. The same layout as a bucket, in files.

Write-once is a hard link, which fails where a name exists; a file system without links (FAT) gets
*stop* with that reason instead of a promise that it cannot keep.

Invariant: under a final name there is a whole, synced file or nothing.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from pathlib import Path, PurePosixPath

from bitgrid_mirror_agent.durable import Hook, make_directory, no_hook, sync_directory
from bitgrid_mirror_agent.store import ALREADY_THERE, STORED, Answer, Body, Outcome

_STOP = frozenset(
    {errno.EACCES, errno.EEXIST, errno.EOPNOTSUPP, errno.ENOTDIR, errno.EPERM, errno.EROFS}
)
_TEMPORARY = ".incoming-"
"""Before a mark of the name: after a crash the same put clears it away."""


class DirectoryStore:
    """Objects as files below a root.

    Args:
        root: the directory; created on the first put, its parent is not: a disk that is not
            mounted is not replaced by a directory of its name.
        hook: told each durable step.
    """

    def __init__(self, root: Path, hook: Hook = no_hook) -> None:
        self._root = root
        self._hook = hook

    def put(self, name: str, body: Body, *, once: bool = True) -> Answer:
        """Store a body; see ``Store``."""
        parts = PurePosixPath(name).parts
        assert ".." not in parts, name
        assert not name.startswith("/"), name
        path = self._root.joinpath(*parts)
        try:
            if not self._root.parent.is_dir():
                return Answer(outcome=Outcome.STOP, reason=f"{self._root.parent} is not there")
            if once and path.exists():
                return ALREADY_THERE
            make_directory(path.parent)
            mark = hashlib.sha256(name.encode()).hexdigest()[:16]
            temporary = self._root / (_TEMPORARY + mark)
            _write(temporary, body)
            self._hook("store.written")
            return self._publish(temporary, path, once=once)
        except OSError as error:
            outcome = Outcome.STOP if error.errno in _STOP else Outcome.RETRY
            return Answer(outcome=outcome, reason=f"{path}: {error.strerror}")

    def _publish(self, temporary: Path, path: Path, *, once: bool) -> Answer:
        if once:
            try:
                os.link(temporary, path)
            except FileExistsError:
                return ALREADY_THERE
            finally:
                temporary.unlink()
        else:
            temporary.replace(path)
        sync_directory(path.parent)
        self._hook("store.published")
        return STORED


def _write(path: Path, body: Body) -> None:
    with path.open("wb") as file:
        if isinstance(body, bytes):
            file.write(body)
        else:
            with body.open("rb") as source:
                shutil.copyfileobj(source, file)
        file.flush()
        os.fsync(file.fileno())
