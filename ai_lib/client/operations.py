"""Operations other than chat: embeddings, reranking, token counts, lists of models, files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Unpack

from ai_lib.client.core import ClientCore
from ai_lib.client.fields import ChatFields, list_fields
from ai_lib.client.request import Prompt, build_request

if TYPE_CHECKING:
    from ai_lib.api.call import Call
    from ai_lib.api.metrics import Operation
    from ai_lib.types.embedding import EmbeddingResponse, EmbeddingTask
    from ai_lib.types.model import ModelInfo
    from ai_lib.types.request import OnUnsupported
    from ai_lib.types.rerank import RerankResponse
    from ai_lib.types.upload import UploadedFile
    from ai_lib.types.usage import TokenCount
    from ai_lib.types.wire import Timeout
    from ai_lib.utils.files import FileName

__all__ = ["OperationMethods"]


class _Unobserved:
    """Takes the answer where there are no observers."""

    answer: Any = None


_UNOBSERVED = _Unobserved()


class OperationMethods:
    """The methods of `AiClient` other than chat."""

    _core: ClientCore

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
        """Return embeddings. More inputs than the provider accepts at once are sent in several requests.

        Args:
            inputs: A string, or several.
            model: The model; None means the provider's default for embeddings.
            dimensions: Length of the vectors, where the model can shorten them.
            task: The purpose of the vectors, where the model distinguishes: "query", "document", "similarity",
                "classification" or "clustering".
            user: An id of the end user, for abuse detection.
            extensions: Further fields that only this provider has.
            timeout: Seconds for the whole call, all its requests together, or a `Timeout`; None means the client's.
            on_unsupported: "raise", "warn" or "drop", for unsupported fields; None means the client's setting.

        Returns:
            The vectors, one for each input, in order.

        Raises:
            UnsupportedFeatureError: The provider has no embeddings, or does not support a field.
            AiLibError: The call failed; see `ai_lib.errors` for the classes.
        """
        from ai_lib.connection.operations import embed, resolve_operation_model
        from ai_lib.types.embedding import EmbeddingRequest

        connection = self._core.connection
        endpoint = connection.endpoint("embed", "embeddings")
        request = EmbeddingRequest(
            model=resolve_operation_model(connection, endpoint, model, "embeddings"),
            inputs=inputs,
            dimensions=dimensions,
            task=task,
            user=user,
            extensions=extensions or {},
        )
        call = self._core.start_call(timeout, on_unsupported)
        with self._observed("embed", request.model, call) as observed:
            answer = observed.answer = embed(connection, endpoint, request, call)
        self._core.warn(answer.adjustments, call.on_unsupported)
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
            query: The query.
            documents: The strings to rank.
            model: The model; None means the provider's default for reranking.
            top_n: Number of results to return; None means all.
            extensions: Further fields that only this provider has.
            timeout: Seconds for the whole call, or a `Timeout`; None means the client's.
            on_unsupported: "raise", "warn" or "drop", for unsupported fields; None means the client's setting.

        Returns:
            The ranking; `results[0].index` is the index of the best document in `documents`.

        Raises:
            UnsupportedFeatureError: The provider has no reranking, or does not support a field.
            AiLibError: The call failed; see `ai_lib.errors` for the classes.
        """
        from ai_lib.connection.operations import rerank, resolve_operation_model
        from ai_lib.types.rerank import RerankRequest

        connection = self._core.connection
        endpoint = connection.endpoint("rerank", "reranking")
        request = RerankRequest(
            model=resolve_operation_model(connection, endpoint, model, "reranking"),
            query=query,
            documents=documents,
            top_n=top_n,
            extensions=extensions or {},
        )
        call = self._core.start_call(timeout, on_unsupported)
        with self._observed("rerank", request.model, call) as observed:
            answer = observed.answer = rerank(connection, endpoint, request, call)
        self._core.warn(answer.adjustments, call.on_unsupported)
        return answer

    @list_fields
    def count_tokens(
        self,
        messages: Prompt,
        *,
        exact: bool = False,
        response_format: Any = None,
        timeout: float | Timeout | None = None,
        **fields: Unpack[ChatFields],
    ) -> TokenCount:
        """Count the tokens of a prompt.

        Args:
            messages: A string, a `Message`, a sequence of messages or of dicts in the OpenAI form, or a whole request.
            exact: Request the count from the provider, instead of estimating it here without sending anything.
            response_format: The format of the answer; its schema counts.
            timeout: Seconds for the whole call, or a `Timeout`; None means the client's.
            fields: The other fields of `ChatCompletionRequest`; tools, in particular, count.

        Returns:
            The count; an estimate lies between its `at_least` and `at_most`.

        Raises:
            UnsupportedFeatureError: `exact` is set, and the provider counts no tokens.
            AiLibError: The call failed.
        """
        named: dict[str, Any] = {**fields}
        if response_format is not None:
            named["response_format"] = response_format
        if not exact:
            from ai_lib.models.estimate import estimate_prompt

            return estimate_prompt(build_request(messages, named, lambda model: model or ""))
        from ai_lib.connection.operations import count_tokens

        connection = self._core.connection
        endpoint = connection.endpoint("count_tokens", "an exact count of tokens")
        request = build_request(messages, named, connection.resolve_model)
        call = self._core.start_call(timeout)
        with self._observed("count_tokens", request.model, call):
            return count_tokens(connection, endpoint, request, call)

    def list_models(self, *, timeout: float | Timeout | None = None) -> list[ModelInfo]:
        """Return the models that the key can use, as the provider lists them.

        Args:
            timeout: Seconds for the whole call, or a `Timeout`; None means the client's.

        Raises:
            UnsupportedFeatureError: The provider has no such list.
            AiLibError: The call failed.
        """
        call = self._core.start_call(timeout)
        with self._observed("list_models", None, call), call.annotating_errors():
            return self._core.own.list_models(call)

    def model_info(self, model: str | None = None, *, timeout: float | Timeout | None = None) -> ModelInfo:
        """Return a model's limits, prices and capabilities: from the catalogue; failing that, from the provider.

        Args:
            model: The model, or "provider/model"; None means the client's.
            timeout: Seconds for the request to the provider, or a `Timeout`; None means the client's.

        Raises:
            ModelNotFoundError: Neither knows it; the hint names similar ones.
            UnsupportedFeatureError: The catalogue does not know it, and the provider has no list.
            AiLibError: The request to the provider failed.
        """
        name = self._core.own.resolve_model(model)
        known = self._core.find_model(name)
        if known is not None:
            return known
        models = {info.id: info for info in self.list_models(timeout=timeout)}
        if name not in models:
            from ai_lib.connection.operations import model_not_listed

            raise model_not_listed(self._core.connection.adapter.config, name, models)
        return models[name]

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
        """Upload a file to the provider; chats refer to it with `Document.from_file_id` or `Image.from_file_id`.

        Args:
            file: A path, or the bytes.
            purpose: The purpose of the file, in the provider's words; None means to be referred to in chats.
            name: File name; None means that of the path.
            media_type: Media type; None means to detect it from the first bytes or the file name.
            extensions: Further fields that only this provider has.
            timeout: Seconds for the whole call, or a `Timeout`; None means the client's.
            on_unsupported: "raise", "warn" or "drop", for unsupported fields; None means the client's setting.

        Raises:
            UnsupportedFeatureError: The provider stores no files.
            InvalidRequestError: The file cannot be read, is empty, or is larger than the provider accepts.
            AiLibError: The call failed.
        """
        from ai_lib.connection.uploads import file_from

        connection = self._core.connection
        connection.endpoint("upload", "uploads")  # raises before the file is read
        limit = connection.adapter.config.max_bytes.get("file")
        request = file_from(file, name, media_type, purpose=purpose, extensions=extensions or {}, limit=limit)
        call = self._core.start_call(timeout, on_unsupported)
        with self._observed("upload_file", None, call) as observed:
            uploaded, left_out = connection.upload(request, call)
            observed.answer = uploaded
        self._core.warn(left_out, call.on_unsupported)
        return uploaded

    def _observed(self, operation: Operation, model: str | None, call: Call) -> AbstractContextManager[Any]:
        observers = self._core.observers
        return nullcontext(_UNOBSERVED) if observers is None else observers.observe(operation, model, call)
