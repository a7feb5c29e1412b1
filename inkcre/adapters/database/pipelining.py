"""pg8000's connection, made to send many statements and wait once.

``execute`` of pg8000 waits three times for one statement. The protocol needs one wait for any
number: Parse, Bind, Describe and Execute of each, and a Sync behind the last. What stands before a
Sync is one transaction, with no BEGIN and no COMMIT around it, and what fails undoes all of it:
https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING
"""

from collections.abc import Sequence
from contextlib import suppress
from itertools import count
from struct import pack
from typing import Any, NamedTuple

from pg8000.converters import make_params
from pg8000.core import (
    BIND,
    DESCRIBE,
    ERROR_RESPONSE,
    EXECUTE_MSG,
    FLUSH_MSG,
    PARSE,
    READY_FOR_QUERY,
    SYNC_MSG,
    Context,
    CoreConnection,
)
from pg8000.exceptions import InterfaceError

from inkcre.ports.database import Row

MAX_SENT_BYTES = 32 * 1024
"""How much is sent while answers are waiting. The server stops reading when nobody takes its
answers; if we then had more to send than fits on the way, both would wait for ever."""


def _message(code: Any, body: bytes) -> bytes:
    return bytes(code) + pack("!i", len(body) + 4) + body


def _parse(name: bytes, text: str) -> bytes:
    # No types: the server infers those of the parameters.
    return _message(PARSE, name + b"\x00" + text.encode() + b"\x00\x00\x00")


DESCRIBE_PORTAL = _message(DESCRIBE, b"P\x00")


class Answer(NamedTuple):
    """What one statement gave."""

    rows: list[Row]
    changed: int


class _Answers(Context):  # type: ignore[misc]
    """What the messages of several statements add up to."""

    rows: list[list[Any]] | None
    row_count: int
    input_funcs: list[Any]

    def __init__(self) -> None:
        super().__init__(statement="")
        self.done: list[Answer] = []

    def finish(self) -> None:
        """Keep what one statement gave, and start on the next."""
        rows = [tuple(row) for row in self.rows or ()]
        self.done.append(Answer(rows, max(self.row_count, 0)))
        self.rows, self.row_count, self.input_funcs = None, -1, []


class PipeliningConnection(CoreConnection):  # type: ignore[misc]
    """A connection to PostgreSQL."""

    def run(self, statements: Sequence[tuple[str, Sequence[Any]]]) -> list[Answer]:
        """Run statements with parameters as one transaction, in as few round trips as is safe.

        Raises:
            DatabaseError: the server refused one; none of them did anything.
            InterfaceError: the connection is gone.
        """
        answers = _Answers()
        sent = 0
        # All are made before any is sent: what cannot be said leaves nothing half said.
        for number, messages in enumerate([self._messages(*one) for one in statements]):
            if sent and sent + len(messages) > MAX_SENT_BYTES:
                self._write(FLUSH_MSG)
                self._receive(answers, statements=number)
                sent = 0
            if answers.error is not None:
                break
            self._write(messages)
            sent += len(messages)
        self._write(SYNC_MSG)
        try:
            self._receive(answers)
        except InterfaceError:
            if answers.error is None:  # else it said why it hangs up
                raise
        if answers.error is not None:
            raise answers.error
        return answers.done

    @property
    def login_number(self) -> int | None:
        """The number of the server's process, as the login told it; a pooler tells one of its own.

        https://www.postgresql.org/docs/current/protocol-message-formats.html (BackendKeyData)
        """
        told = self._backend_key_data
        return int.from_bytes(told[:4], "big") if told else None

    def close(self) -> None:
        """Close the connection, be it gone already."""
        with suppress(InterfaceError, OSError):
            super().close()

    def handle_COMMAND_COMPLETE(self, data: bytes, context: Context) -> None:  # noqa: N802
        """Count the rows, and keep the statement's answer when there are several."""
        super().handle_COMMAND_COMPLETE(data, context)
        if isinstance(context, _Answers):
            context.finish()

    def _messages(self, text: str, parameters: Sequence[Any]) -> bytes:
        # An unnamed statement, of this time only.
        return _parse(b"", text) + self._bind(b"", parameters)

    def _bind(self, name: bytes, parameters: Sequence[Any]) -> bytes:
        values = bytearray(b"\x00" + name + b"\x00\x00\x00" + pack("!H", len(parameters)))
        for value in make_params(self.py_types, parameters):
            encoded = None if value is None else value.encode()
            values += pack("!i", -1 if encoded is None else len(encoded)) + (encoded or b"")
        return _message(BIND, bytes(values + b"\x00\x00")) + DESCRIBE_PORTAL + bytes(EXECUTE_MSG)

    def _write(self, message: bytes) -> None:
        try:
            self._sock.write(message)
        except OSError as error:
            raise InterfaceError("network error") from error

    def _receive(self, answers: _Answers, *, statements: int | None = None) -> None:
        """Read until the server is ready for more, or so many statements are answered."""
        try:
            self._sock.flush()
            while statements is None or len(answers.done) < statements:
                code, length = self._read_exactly(1), int.from_bytes(self._read_exactly(4))
                self.message_types[code](self._read_exactly(length - 4), answers)
                # After an error the server answers nothing more until it is sent a Sync.
                if code == READY_FOR_QUERY or (code == ERROR_RESPONSE and statements is not None):
                    return
        except OSError as error:
            raise InterfaceError("network error") from error

    def _read_exactly(self, size: int) -> bytes:
        data: bytes = self._sock.read(size)
        if len(data) < size:
            raise InterfaceError("the server closed the connection")
        return data


class PreparingConnection(PipeliningConnection):
    """A connection whose server reads and plans each text once, and keeps it under a name.

    None is given up before the connection is: the program's texts are constants, and few.
    """

    is_preparing = False
    """Whether it does; until it is said, each text is read and planned anew."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._prepared: dict[str, bytes] = {}
        self._parsing: dict[str, bytes] = {}
        """Those that are on their way, in their order."""

        self._numbers = count()
        super().__init__(*arguments, **options)

    def run(self, statements: Sequence[tuple[str, Sequence[Any]]]) -> list[Answer]:
        """Run statements, and prepare those that are new."""
        self._parsing.clear()  # the server came to none of them: one before had failed
        return super().run(statements)

    def handle_PARSE_COMPLETE(self, data: bytes, context: Context) -> None:  # noqa: N802, ARG002
        """Keep the name, also when the batch fails later: a transaction's end does not end it."""
        if self.is_preparing:
            text = next(iter(self._parsing))
            self._prepared[text] = self._parsing.pop(text)

    def _messages(self, text: str, parameters: Sequence[Any]) -> bytes:
        if not self.is_preparing:
            return super()._messages(text, parameters)
        name = self._prepared.get(text) or self._parsing.get(text)
        if name is not None:
            return self._bind(name, parameters)
        bound = self._bind(name := b"s%d" % next(self._numbers), parameters)
        self._parsing[text] = name
        return _parse(name, text) + bound
