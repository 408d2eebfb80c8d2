"""What a client does beside chatting: embeddings, reranking, counting tokens, models, files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from ai_lib.client.request import Prompt, request_from
from ai_lib.connection.options import names_one

if TYPE_CHECKING:
    from ai_lib.api.call import Call
    from ai_lib.api.metrics import Operation
    from ai_lib.client.observers import Observers
    from ai_lib.connection.connection import Connection
    from ai_lib.providers.endpoint import Endpoint
    from ai_lib.types.embedding import EmbeddingResponse, EmbeddingTask
    from ai_lib.types.model import ModelInfo
    from ai_lib.types.request import OnUnsupported
    from ai_lib.types.rerank import RerankResponse
    from ai_lib.types.upload import UploadedFile
    from ai_lib.types.usage import TokenCount
    from ai_lib.types.wire import Timeout
    from ai_lib.utils.files import FileName

__all__ = ["Operations"]


class _Unwatched:
    """Takes what nobody wants to know."""

    answer: Any = None


_UNWATCHED = _Unwatched()


class Operations:
    """The part of `AiClient` that is not chat."""

    if TYPE_CHECKING:
        _own: Connection

        _observers: Observers | None

        def _call(self, timeout: Any, on_unsupported: Any = None) -> Call: ...
        def _tell(self, adjustments: tuple[str, ...], on_unsupported: OnUnsupported) -> None: ...

    def embed(
        self,
        inputs: str | Iterable[str],
        *,
        model: str | None = None,
        dimensions: int | None = None,
        task: EmbeddingTask | None = None,
        user: str | None = None,
        extensions: Mapping[str, Any] | None = None,
        timeout: float | Timeout | None = None,
        on_unsupported: OnUnsupported | None = None,
    ) -> EmbeddingResponse:
        """Turn texts into vectors. More texts than the provider takes at once go in several requests, in order.

        Args:
            inputs: A text, or several.
            model: The model; None means the provider's default for embeddings.
            dimensions: Length of the vectors, where the model can shorten them.
            task: What the vectors are for, where the model cares: "query", "document", "similarity",
                "classification" or "clustering".
            user: An id of the end user, for abuse detection.
            extensions: Further fields of the provider's own.
            timeout: Seconds for the whole call, all its requests together, or a `Timeout`; None means the client's.
            on_unsupported: As for the client; None means the client's.

        Returns:
            The vectors, one for each text.

        Raises:
            UnsupportedFeatureError: The provider makes no embeddings, or has no form for a field.
            AiLibError: The call failed; see `ai_lib.errors` for the classes.
        """
        from ai_lib.connection.operations import embed
        from ai_lib.types.embedding import EmbeddingRequest

        endpoint = self._endpoint("embed", "embeddings")
        request = EmbeddingRequest(
            model=self._model_for(endpoint, model, "embeddings"),
            inputs=inputs,
            dimensions=dimensions,
            task=task,
            user=user,
            extensions=extensions or {},
        )
        call = self._call(timeout, on_unsupported)
        with self._watching("embed", request.model, call) as watched:
            answer = embed(self._own, endpoint, request, call)
            watched.answer = answer
        self._tell(answer.adjustments, call.on_unsupported)
        return answer

    def rerank(
        self,
        query: str,
        documents: Iterable[str],
        *,
        model: str | None = None,
        top_n: int | None = None,
        extensions: Mapping[str, Any] | None = None,
        timeout: float | Timeout | None = None,
        on_unsupported: OnUnsupported | None = None,
    ) -> RerankResponse:
        """Rank documents by how well they answer a query.

        Args:
            query: What is looked for.
            documents: The texts to rank.
            model: The model; None means the provider's default for reranking.
            top_n: Number of results to return; None means all.
            extensions: Further fields of the provider's own.
            timeout: Seconds for the whole call, or a `Timeout`; None means the client's.
            on_unsupported: As for the client; None means the client's.

        Returns:
            The ranking; `results[0].index` is the place of the best document among those given.

        Raises:
            UnsupportedFeatureError: The provider does not rank, or has no form for a field.
            AiLibError: The call failed; see `ai_lib.errors` for the classes.
        """
        from ai_lib.connection.operations import rerank
        from ai_lib.types.rerank import RerankRequest

        endpoint = self._endpoint("rerank", "reranking")
        request = RerankRequest(
            model=self._model_for(endpoint, model, "reranking"),
            query=query,
            documents=documents,
            top_n=top_n,
            extensions=extensions or {},
        )
        call = self._call(timeout, on_unsupported)
        with self._watching("rerank", request.model, call) as watched:
            answer = rerank(self._own, endpoint, request, call)
            watched.answer = answer
        self._tell(answer.adjustments, call.on_unsupported)
        return answer

    def count_tokens(
        self,
        messages: Prompt,
        *,
        exact: bool = False,
        timeout: float | Timeout | None = None,
        **fields: Any,
    ) -> TokenCount:
        """Count the tokens of a prompt.

        Args:
            messages: As for `chat`.
            exact: Ask the provider, instead of estimating here without sending anything.
            timeout: Seconds for the whole call, or a `Timeout`; None means the client's.
            fields: The other fields of a chat; tools, in particular, count.

        Returns:
            The count; an estimate lies between its `at_least` and `at_most`.

        Raises:
            UnsupportedFeatureError: An exact count is wanted, and the provider counts no tokens.
            AiLibError: The call failed.
        """
        if not exact:
            from ai_lib.models.estimate import estimate_prompt

            return estimate_prompt(request_from(messages, fields, lambda given: given or ""))
        from ai_lib.connection.operations import count_tokens

        endpoint = self._endpoint("count_tokens", "an exact count of tokens")
        request = request_from(messages, fields, self._own.named)
        call = self._call(timeout)
        with self._watching("count_tokens", request.model, call):
            return count_tokens(self._own, endpoint, request, call)

    def list_models(self, *, timeout: float | Timeout | None = None) -> list[ModelInfo]:
        """Return the models that the key can use, as the provider lists them.

        Raises:
            UnsupportedFeatureError: The provider has no such list.
            AiLibError: The call failed.
        """
        from ai_lib.connection.operations import told

        call = self._call(timeout)
        with self._watching("list_models", None, call):
            return told(call, lambda: self._own.list_models(call))

    def upload_file(
        self,
        file: FileName | bytes,
        *,
        purpose: str | None = None,
        name: str | None = None,
        media_type: str | None = None,
        extensions: Mapping[str, Any] | None = None,
        timeout: float | Timeout | None = None,
        on_unsupported: OnUnsupported | None = None,
    ) -> UploadedFile:
        """Give the provider a file to keep; chats name it with `Document.from_file_id` and its like.

        Args:
            file: A path, or the bytes themselves.
            purpose: What the file is for, in the provider's words; None means to be named in chats.
            name: The name to give it; None means its own.
            media_type: What it is; None means tell it from the first bytes or the name's ending.
            extensions: Further fields of the provider's own.
            timeout: Seconds for the whole call, or a `Timeout`; None means the client's.
            on_unsupported: As for the client; None means the client's.

        Raises:
            UnsupportedFeatureError: The provider keeps no files.
            InvalidRequestError: The file cannot be read, is empty, or is larger than the provider takes.
            AiLibError: The call failed.
        """
        from ai_lib.connection.uploads import file_from, upload

        endpoint = self._endpoint("upload", "uploads")
        limit = self._own.adapter.config.max_bytes.get("file")
        request = file_from(file, name, media_type, purpose=purpose, extensions=extensions or {}, limit=limit)
        call = self._call(timeout, on_unsupported)
        with self._watching("upload_file", None, call) as watched:
            uploaded, left_out = upload(self._own, endpoint, request, call)
            watched.answer = uploaded
        self._tell(left_out, call.on_unsupported)
        return uploaded

    # --- what these need

    def _watching(self, operation: Operation, model: str | None, call: Call) -> AbstractContextManager[Any]:
        if self._observers is None:
            return nullcontext(_UNWATCHED)
        return self._observers.watching(operation, model, call)

    def _endpoint(self, kind: str, what: str) -> Endpoint:
        config = self._own.adapter.config
        endpoint: Endpoint | None = getattr(config, kind)
        if endpoint is None:
            reason = (
                f"the api {config.api!r} has no address for it" if config.api else "the service has no address for it"
            )
            raise self._own.adapter.unsupported_error(what, reason)
        return endpoint

    def _model_for(self, endpoint: Endpoint, given: str | None, what: str) -> str:
        """Return the model that was given, else the provider's for this, else the one that the client was given.

        Where there is no chat, the client's own comes before the provider's: it can only have been meant for this.
        """
        config = self._own.adapter.config
        own = self._own.model if config.chat_path is None else None
        for model in (given, own, endpoint.model, self._own.configured_model):
            if model is not None and names_one(model):
                return model
        from ai_lib.connection.operations import no_model

        raise no_model(config, what)
