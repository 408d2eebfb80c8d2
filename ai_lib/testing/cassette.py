"""A transport that records real traffic once, and answers from the recording ever after."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, Self

from ai_lib.api.transport import HttpStream, Transport
from ai_lib.errors import ConfigurationError, TransportError
from ai_lib.testing.errors import UnexpectedRequestError
from ai_lib.testing.redaction import secrets_of
from ai_lib.testing.stream import PieceStream
from ai_lib.testing.tape import Asked, Exchange, asked, difference, kept_headers, kept_pieces, load, nearest, save
from ai_lib.testing.transport import lost_connection
from ai_lib.transport.http import HttpTransport
from ai_lib.types.wire import HttpRequest, HttpResponse
from ai_lib.utils.files import FileName

__all__ = ["Cassette", "CassetteMode"]

CassetteMode = Literal["auto", "record", "replay"]


class Cassette:
    """Records what a provider answers into a file, and replays it without network and without a key.

        client = AiClient("groq", transport=Cassette("tests/cassettes/greeting.json"))

    The file is JSON to be read and committed. No header of a request is in it, and of answers no cookie; keys are taken
    out of addresses and contents too, also where a server repeats them. Requests are matched by method, path, query and
    content; the same request gets the recorded answers in the order in which they came. A stream is kept in its pieces,
    and replayed as one. What got no answer at all is not kept.

    Safe to share between threads.

    Args:
        file: Where the recording is.
        mode: "record" sends every request and writes the file anew; "replay" sends none; "auto" replays where there is
            a file, and else records.
        inner: What sends the requests that are recorded; None for the library's own transport, made when it is needed.

    Raises:
        ConfigurationError: There is no such mode, or no file to replay, or it is no cassette.
    """

    def __init__(self, file: FileName, mode: CassetteMode = "auto", inner: Transport | None = None) -> None:
        if mode not in ("auto", "record", "replay"):
            raise ConfigurationError(f"mode must be 'auto', 'record' or 'replay', got {mode!r}")
        self._file = Path(file)
        self._inner = inner
        self._lock = threading.Lock()
        self.recording = mode == "record" or (mode == "auto" and not self._file.exists())
        """Whether requests are sent."""
        self._exchanges: list[Exchange | None] = [] if self.recording else [*load(self._file)]
        self._replayed: Counter[str] = Counter()

    def send(self, request: HttpRequest) -> HttpResponse:
        """Send a request and record its answer, or return the recorded one.

        Raises:
            UnexpectedRequestError: It is not on the cassette; the message names the nearest that is.
        """
        if not self.recording:
            found = self._found(request)
            if found.is_cut:
                raise lost_connection()
            return HttpResponse(status=found.status, headers=found.headers, body=b"".join(found.pieces))
        place = self._reserved()
        response = self._transport().send(request)
        _Take(self, place, request, response, streamed=False).keep([response.body])
        return response

    def stream(self, request: HttpRequest) -> HttpStream:
        """Open a stream and record it while it is read, or return the recorded one.

        Raises:
            UnexpectedRequestError: It is not on the cassette; the message names the nearest that is.
        """
        if not self.recording:
            found = self._found(request)
            return PieceStream(found.status, found.headers, _replayed(found))
        place = self._reserved()
        opened = self._transport().stream(request)
        return _Take(self, place, request, opened, streamed=True).stream(opened)

    def close(self) -> None:
        """Free what the inner transport holds open; the file is complete at any time."""
        if self._inner is not None:
            self._inner.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Cassette({str(self._file)!r}, mode={'record' if self.recording else 'replay'!r})"

    # --- recording

    def _transport(self) -> Transport:
        with self._lock:
            if self._inner is None:
                self._inner = HttpTransport()
            return self._inner

    def _reserved(self) -> int:
        # Taken when the request is sent, so that the order is that of the requests.
        with self._lock:
            self._exchanges.append(None)
            return len(self._exchanges) - 1

    def keep(self, place: int, exchange: Exchange) -> None:
        """Put an exchange on the cassette; for what records it."""
        with self._lock:
            self._exchanges[place] = exchange
            save(self._file, [exchange for exchange in self._exchanges if exchange is not None])

    # --- replaying

    def _found(self, request: HttpRequest) -> Exchange:
        # As it was written, and as it stands: the key of a replay may be a word that is in the question.
        forms = [asked(request), asked(request, ())]
        recorded = [exchange for exchange in self._exchanges if exchange is not None]
        for wanted in forms:
            same = [exchange for exchange in recorded if exchange.asked.key == wanted.key]
            with self._lock:
                used = self._replayed[wanted.key]
                if used < len(same):
                    self._replayed[wanted.key] += 1
                    return same[used]
            if same:
                raise UnexpectedRequestError(
                    f"{self._file} has {wanted.method} {wanted.url} {used} times, and it was asked once more"
                )
        raise UnexpectedRequestError(self._missing(forms[0], nearest(forms[0], recorded)))

    def _missing(self, wanted: Asked, near: Asked | None) -> str:
        text = f"{self._file} has no answer to {wanted.method} {wanted.url}"
        if near is None:
            return f"{text}: it is empty"
        where = difference(near.facts, wanted.facts)
        return f'{text}; the nearest differs in {where}. mode="record" records anew'


def _replayed(found: Exchange) -> Iterator[bytes]:
    yield from found.pieces
    if found.is_cut:
        raise lost_connection()


class _Take:
    """One exchange that is being recorded."""

    def __init__(
        self, cassette: Cassette, place: int, request: HttpRequest, answer: HttpResponse | HttpStream, *, streamed: bool
    ) -> None:
        self._cassette = cassette
        self._place = place
        self._request = request
        self._status, self._headers = answer.status, answer.headers
        self._streamed = streamed
        self._pieces: list[bytes] = []
        self._kept = False
        self._known = secrets_of(request.url, request.headers)

    def stream(self, opened: HttpStream) -> HttpStream:
        """Return a stream that is recorded up to where it is read."""

        def finish() -> None:
            opened.finish()
            self.keep(self._pieces)

        def cancel() -> None:
            opened.cancel()
            self.keep(self._pieces)

        return PieceStream(opened.status, opened.headers, self._recorded(opened), finish, cancel)

    def keep(self, pieces: list[bytes], *, is_cut: bool = False) -> None:
        """Put on the cassette what has arrived; once only, since a stream that broke off is closed as well."""
        if self._kept:
            return
        self._kept = True
        exchange = Exchange(
            asked=asked(self._request),
            status=self._status,
            headers=kept_headers(self._headers, self._known),
            pieces=kept_pieces(pieces, self._known),
            streamed=self._streamed,
            is_cut=is_cut,
        )
        self._cassette.keep(self._place, exchange)

    def _recorded(self, opened: HttpStream) -> Iterator[bytes]:
        try:
            for piece in opened:
                self._pieces.append(piece)
                yield piece
        except TransportError:
            self.keep(self._pieces, is_cut=True)
            raise
        self.keep(self._pieces)
