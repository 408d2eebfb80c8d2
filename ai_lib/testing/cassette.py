"""A transport that records real traffic once and replays it from then on."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, Self

from ai_lib.api.transport import HttpStream, Transport
from ai_lib.errors import ConfigurationError, TransportError
from ai_lib.testing.errors import UnexpectedRequestError
from ai_lib.testing.recording import Exchange, RecordedRequest, closest_request, describe_difference, load, save
from ai_lib.testing.redaction import secrets_of
from ai_lib.testing.response import FakeResponse, PieceStream
from ai_lib.transport.http import HttpTransport
from ai_lib.types.wire import HttpRequest, HttpResponse
from ai_lib.utils.files import FileName

__all__ = ["Cassette", "CassetteMode"]

CassetteMode = Literal["auto", "record", "replay"]


class Cassette:
    """Records a provider's responses in a file, and replays them without a network and without a key.

        client = AiClient("groq", transport=Cassette("tests/cassettes/greeting.json"))

    The file is JSON to read and to commit. It contains no request headers and no cookies; keys are masked in addresses
    and contents too, also where a server repeats them. Requests are matched by method, path, query and content; equal
    requests get the recorded responses in their order. A stream is recorded in its pieces, and replayed as one.
    Requests that got no response at all are not recorded.

    Safe to share between threads.

    Args:
        file: The file of the recording.
        mode: "record" sends every request and replaces the file; "replay" sends none; "auto" replays if the file
            exists, and otherwise records.
        inner: The transport for requests that are recorded; None for an `HttpTransport`, made when it is needed.

    Raises:
        ConfigurationError: The mode is unknown, the file to replay does not exist, or it is not a cassette.
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
        """Send a request and record the response, or return the recorded one.

        Raises:
            UnexpectedRequestError: The request is not on the cassette; the message names the most similar one.
        """
        if not self.recording:
            return self._recorded_response(request).to_response()
        inner, index = self._reserve()
        response = inner.send(request)
        self._keep(
            index, Exchange.from_http(request, response.status, response.headers, [response.body], streamed=False)
        )
        return response

    def stream(self, request: HttpRequest) -> HttpStream:
        """Open a stream and record it while it is read, or return the recorded one.

        Raises:
            UnexpectedRequestError: The request is not on the cassette; the message names the most similar one.
        """
        if not self.recording:
            return self._recorded_response(request).to_stream()
        inner, index = self._reserve()
        opened = inner.stream(request)

        def keep(pieces: list[bytes], is_cut: bool) -> None:
            self._keep(
                index,
                Exchange.from_http(request, opened.status, opened.headers, pieces, streamed=True, is_cut=is_cut),
            )

        recorder = _StreamRecorder(opened, keep)
        return PieceStream(opened.status, opened.headers, recorder.read(), recorder.finish, recorder.cancel)

    def close(self) -> None:
        """Close the inner transport; the file is complete at any time."""
        if self._inner is not None:
            self._inner.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Cassette({str(self._file)!r}, mode={'record' if self.recording else 'replay'!r})"

    def _reserve(self) -> tuple[Transport, int]:
        """Return the transport to send with, and the position of the exchange, so that requests keep their order."""
        with self._lock:
            if self._inner is None:
                self._inner = HttpTransport()
            self._exchanges.append(None)
            return self._inner, len(self._exchanges) - 1

    def _keep(self, index: int, exchange: Exchange) -> None:
        with self._lock:
            self._exchanges[index] = exchange
            save(self._file, [exchange for exchange in self._exchanges if exchange is not None])

    def _recorded_response(self, request: HttpRequest) -> FakeResponse:
        recorded = [exchange for exchange in self._exchanges if exchange is not None]
        # Without and with this client's secrets: the key of a replay may be a word that occurs in the question.
        masked = RecordedRequest.from_http(request, secrets_of(request.url, request.headers))
        for sent in (masked, RecordedRequest.from_http(request, ())):
            responses = [exchange.response for exchange in recorded if exchange.request.key == sent.key]
            with self._lock:
                used = self._replayed[sent.key]
                if used < len(responses):
                    self._replayed[sent.key] += 1
                    return responses[used]
            if responses:
                raise UnexpectedRequestError(
                    f"{self._file} has {sent.method} {sent.url} {used} times, and it was sent once more; "
                    'record it again with mode="record"'
                )
        closest = closest_request(masked, recorded)
        difference = (
            "it is empty"
            if closest is None
            else f"the most similar request differs in {describe_difference(closest.facts, masked.facts)}"
        )
        raise UnexpectedRequestError(
            f"{self._file} has no response to {masked.method} {masked.url}: {difference}; "
            'record it again with mode="record"'
        )


class _StreamRecorder:
    """Records a stream as far as it is read.

    Args:
        opened: The stream.
        keep: Called once, with the pieces that were read and whether the stream was interrupted.
    """

    def __init__(self, opened: HttpStream, keep: Callable[[list[bytes], bool], None]) -> None:
        self._opened = opened
        self._keep = keep
        self._pieces: list[bytes] = []
        self._is_kept = False

    def read(self) -> Iterator[bytes]:
        try:
            for piece in self._opened:
                self._pieces.append(piece)
                yield piece
        except TransportError:
            self._keep_once(is_cut=True)
            raise
        self._keep_once()

    def finish(self) -> None:
        self._opened.finish()
        self._keep_once()

    def cancel(self) -> None:
        self._opened.cancel()
        self._keep_once()

    def _keep_once(self, *, is_cut: bool = False) -> None:
        # An interrupted stream is closed as well, and must stay interrupted.
        if not self._is_kept:
            self._is_kept = True
            self._keep(self._pieces, is_cut)
