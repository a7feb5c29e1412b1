"""The adapters of a Worker's bindings, driven from outside: each call runs inside the Worker.

So the contracts of the ports, which are written for a process, are kept by the real adapters on
real Pyodide with Miniflare's R2 and KV.
"""

import base64
import json
import zlib
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

import httpx2 as httpx

from inkcre import errors
from inkcre.adapters.keyvalue.kv import KvKeyValue
from inkcre.adapters.storage.r2 import R2Storage
from inkcre.ports.keyvalue import KeyPage, ValueKey
from inkcre.ports.storage import Content, FileContent, FileInfo, FileKey, FilePage

PRELUDE = """
import base64, json, zlib
import worker
from inkcre.edge.bindings import WorkerBindings
from inkcre.errors import InkcreError
from inkcre.ports.storage import FileKey
from inkcre.ports.keyvalue import ValueKey

class Stopped(Exception):
    pass

def unpack(text):
    return zlib.decompress(base64.b64decode(text))

def pack(content):
    return base64.b64encode(zlib.compress(content)).decode()

def parts(packed, stops):
    for part in packed:
        yield unpack(part)
    if stops:
        raise Stopped

def info(found):
    return [found.key, found.size, found.etag, found.modified_at.isoformat(), found.content_type]

def call(work):
    bindings = WorkerBindings(env)
    with worker.Default.app._assembled_for(bindings).provide(bindings) as context:
        try:
            return {"value": work(context)}
        except InkcreError as error:
            return {"code": error.code, "message": error.message, "field": getattr(error, "field", None)}
        except Stopped:
            return {"stopped": True}

"""


class Stopped(Exception):
    """The content that was put raised something; ``put`` raises that then."""


class Worker:
    """Runs Python inside a Worker."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=120)

    def call(self, work: str, **context: Any) -> Any:
        """Evaluate an expression that has ``given``, the components of the Worker and the rest."""
        source = f"{PRELUDE}has = json.loads({json.dumps(context)!r})\ncall(lambda context: {work})"
        answer = self._client.post("/__harness/run", content=source)
        assert answer.status_code == 200, answer.text[-2000:]
        said = answer.json()
        if "value" in said:
            return said["value"]
        if "stopped" in said:
            raise Stopped
        raise _error(said)

    def close(self) -> None:
        """Hang up."""
        self._client.close()


def _error(said: dict[str, Any]) -> errors.InkcreError:
    kinds = {
        kind.code: kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.InkcreError)
    }
    kind = kinds[said["code"]]
    if kind is errors.Invalid:
        fact = said["message"].partition(": ")[2]
        return errors.Invalid(fact, field=said["field"])
    return kind(said["message"])


def pack(content: bytes) -> str:
    """Make bytes small enough to be source."""
    return base64.b64encode(zlib.compress(content)).decode()


def unpack(text: str) -> bytes:
    """Undo ``pack``."""
    return zlib.decompress(base64.b64decode(text))


def _pull(content: Content) -> tuple[list[str], Exception | None]:
    packed: list[str] = []
    parts: Iterable[bytes] = (content,) if isinstance(content, bytes) else content
    try:
        for part in parts:
            packed.append(pack(part))  # noqa: PERF401 - what was pulled before an error counts
    except Exception as error:  # noqa: BLE001 - whatever it is, it comes out of put
        return packed, error
    return packed, None


def _info(found: list[Any]) -> FileInfo:
    key, size, etag, modified_at, content_type = found
    return FileInfo(FileKey(key), size, etag, datetime.fromisoformat(modified_at), content_type)


class RemoteStorage:
    """R2, inside the Worker."""

    capabilities = R2Storage.capabilities

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def put(
        self,
        key: FileKey,
        content: Content,
        *,
        content_type: str | None = None,
        if_absent: bool = False,
    ) -> None:
        packed, error = _pull(content)
        is_whole = isinstance(content, bytes)
        what = "unpack(has['parts'][0])" if is_whole else "parts(has['parts'], has['stops'])"
        try:
            self._worker.call(
                f"context.storage.put(FileKey(has['key']), {what}, content_type=has['type'], if_absent=has['absent'])",
                key=key, parts=packed, stops=error is not None, type=content_type, absent=if_absent,
            )  # fmt: skip
        except Stopped:
            assert error is not None
            raise error from None

    def get(self, key: FileKey, *, start: int = 0, end: int | None = None) -> FileContent:
        info, start, stop, content = self._worker.call(
            "(lambda f: [info(f.info), f.start, f.end, pack(f.read())])"
            "(context.storage.get(FileKey(has['key']), start=has['start'], end=has['end']))",
            key=key, start=start, end=end,
        )  # fmt: skip
        return FileContent(_info(info), start, stop, iter([unpack(content)]))

    def head(self, key: FileKey) -> FileInfo:
        return _info(self._worker.call("info(context.storage.head(FileKey(has['key'])))", key=key))

    def move(self, source: FileKey, target: FileKey) -> None:
        self._worker.call(
            "context.storage.move(FileKey(has['source']), FileKey(has['target']))",
            source=source, target=target,
        )  # fmt: skip

    def sync(self, key: FileKey) -> None:
        self._worker.call("context.storage.sync(FileKey(has['key']))", key=key)

    def tidy(self, folder: str, names: str, before: datetime) -> None:
        self._worker.call(
            "context.storage.tidy(has['folder'], has['names'], "
            "__import__('datetime').datetime.fromisoformat(has['before']))",
            folder=folder,
            names=names,
            before=before.isoformat(),
        )

    def delete(self, keys: Iterable[FileKey]) -> None:
        self._worker.call("context.storage.delete(map(FileKey, has['keys']))", keys=list(keys))

    def list(self, folder: str = "", *, cursor: str | None = None, limit: int = 1000) -> FilePage:
        found, after = self._worker.call(
            "(lambda p: [[info(f) for f in p.files], p.cursor])"
            "(context.storage.list(has['folder'], cursor=has['cursor'], limit=has['limit']))",
            folder=folder, cursor=cursor, limit=limit,
        )  # fmt: skip
        return FilePage(tuple(map(_info, found)), after)


class RemoteKeyValue:
    """KV, inside the Worker."""

    capabilities = KvKeyValue.capabilities

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def put(self, key: ValueKey, value: bytes, *, ttl_seconds: int | None = None) -> None:
        self._worker.call(
            "context.keyvalue.put(ValueKey(has['key']), unpack(has['value']), ttl_seconds=has['ttl'])",
            key=key, value=pack(value), ttl=ttl_seconds,
        )  # fmt: skip

    def get(self, key: ValueKey) -> bytes | None:
        found = self._worker.call(
            "(lambda v: None if v is None else pack(v))(context.keyvalue.get(ValueKey(has['key'])))",
            key=key,
        )
        return None if found is None else unpack(found)

    def delete(self, key: ValueKey) -> None:
        self._worker.call("context.keyvalue.delete(ValueKey(has['key']))", key=key)

    def list(self, prefix: str = "", *, cursor: str | None = None, limit: int = 1000) -> KeyPage:
        keys, after = self._worker.call(
            "(lambda p: [list(p.keys), p.cursor])"
            "(context.keyvalue.list(has['prefix'], cursor=has['cursor'], limit=has['limit']))",
            prefix=prefix, cursor=cursor, limit=limit,
        )  # fmt: skip
        return KeyPage(tuple(map(ValueKey, keys)), after)


def opened(url: str, make: Callable[[Worker], Any]) -> Iterator[Any]:
    """Return an adapter of a Worker, and hang up behind it."""
    worker = Worker(url)
    yield make(worker)
    worker.close()
