"""Chunks fold into the answer that `chat` would have returned."""

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from ai_lib import ChatCompletionChunk
from ai_lib.types import Citation, ToolCallDelta, UsageStatus
from ai_lib.types.chunk import chunks_of
from ai_lib.types.fold import Fold
from tests.support import strategies


def folded(*chunks: ChatCompletionChunk):
    fold = Fold()
    for chunk in chunks:
        fold.add(chunk)
    return fold.response(ended=True, provider="p")


@given(pieces=st.lists(st.text(max_size=3), max_size=60).map(lambda some: some * 60))
def test_text_and_reasoning_are_the_joined_pieces(pieces):
    answer = folded(*[ChatCompletionChunk(text=piece, reasoning=piece, refusal=piece) for piece in pieces])

    assert answer.text == (answer.reasoning or "") == (answer.refusal or "") == "".join(pieces)


def test_small_pieces_take_little_more_memory_than_their_text():
    fold = Fold()
    tracemalloc.start()

    for number in range(100_000):
        fold.add(ChatCompletionChunk(text=f"{number % 10}"))
    used = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()

    assert used < 500_000


def test_a_citation_that_every_chunk_repeats_is_kept_once():
    cited = ChatCompletionChunk(citations=(Citation("https://a"),))

    assert folded(cited, cited).citations == (Citation("https://a"),)


def test_log_probabilities_are_appended():
    first = ChatCompletionChunk(logprobs={"content": [1], "refusal": None})
    second = ChatCompletionChunk(logprobs={"content": [2], "refusal": None})

    assert folded(first, second).choices[0].logprobs == {"content": [1, 2], "refusal": None}


def test_no_chunks_fold_to_an_empty_answer():
    answer = folded()

    assert (answer.text, answer.tool_calls, answer.finish_reason) == ("", (), None)
    assert answer.usage_status is UsageStatus.UNSUPPORTED
    assert (answer.raw_finish_reason, answer.cost, answer.parsed) == (None, None, None)


def test_interleaved_choices_are_separated():
    answer = folded(*[ChatCompletionChunk(text=text, index=index) for text, index in [("a", 1), ("b", 0), ("c", 1)]])

    assert [choice.message.text for choice in answer.choices] == ["b", "ac"]


def test_a_call_without_an_id_gets_a_constant_one():
    chunks = [ChatCompletionChunk(tool_calls=(ToolCallDelta(0, None, "f", "{}"),), id="r1")]

    assert folded(*chunks).tool_calls == folded(*chunks).tool_calls
    assert folded(*chunks).tool_calls[0].id == "call_0_r1"


@given(choice=strategies.choices)
def test_the_chunks_of_a_complete_answer_fold_to_it(choice):
    message = choice.message
    expected = (message.text, message.reasoning or None, message.refusal or None)

    answer = folded(
        *chunks_of(folded(ChatCompletionChunk(message.text, message.reasoning or "", refusal=message.refusal or "")))
    )

    assert (answer.text, answer.reasoning, answer.refusal) == expected
