"""Token counts of text without its tokenizer: an estimate between two bounds.

Every vocabulary in use today is a byte-level byte-pair encoding, or falls back to one: a token is at least one byte of
UTF-8, so the number of bytes is an upper bound that always holds. Before merging, text is split between letters, digits
and the rest, so the number of these runs is a lower bound for all text but what was made to break it.

The estimate adds up the average cost of each kind of run in o200k_base (GPT-4o and later), Qwen, Tekken (Mistral) and
DeepSeek V3. Measured on the files in `tests/models/token_corpus`, with their counts in six vocabularies:

- English, source code, JSON, SQL, Markdown: within 7 % of the average, and within 13 % of each of the four. On files
  that the numbers below were not fitted to: README, licence and Python files 4 to 13 % above the average; minified
  JSON and tables of numbers up to 21 % below.
- German, French, Spanish, Chinese, Japanese, Korean, Russian, Arabic: within 10 % of the average, and within 35 % of
  each; the four differ among themselves by up to 85 % (the Chinese text has 134 to 249 tokens).
- Numbers: within 3 % of the average, and 18 % to either side: a token is three digits for some, and one for others.
- Vocabularies before 2024 (GPT-4, Claude 2) need up to 1.9 times the estimate in Chinese, 2.8 times in Arabic.
"""

from __future__ import annotations

import math
import re
from typing import NamedTuple

__all__ = ["TokenBounds", "estimate_tokens", "token_bounds"]


class TokenBounds(NamedTuple):
    """The number of tokens of a string.

    Args:
        low: No vocabulary in use needs fewer.
        estimate: The average of today's vocabularies.
        high: No byte-level vocabulary needs more.
    """

    low: float
    estimate: float
    high: float


_RUN = re.compile(
    r"(?P<word>[A-Za-z]+)|(?P<space>\s+)|(?P<digits>[0-9]+)"
    r"|(?P<signs>[!-/:-@\[-`{-~]+)"
    r"|(?P<latin>[\u00c0-\u024f]+)|(?P<alphabet>[\u0370-\u06ff]+)|(?P<indic>[\u0900-\u0dff]+)"
    r"|(?P<ideographs>[\u3040-\u30ff\u3400-\u9fff]+)|(?P<hangul>[\uac00-\ud7af]+)"
    r"|(?P<marks>[\u2010-\u203a\u3000-\u303f\uff00-\uffef]+)"
)
# Tokens of a run, and of each of its characters.
_COSTS: dict[str | None, tuple[float, float]] = {
    "word": (1.08, 0.0),
    "digits": (1.45, 0.34),
    "latin": (0.0, 1.15),
    "alphabet": (0.0, 0.36),
    "indic": (0.0, 0.69),
    "ideographs": (0.0, 0.62),
    "hangul": (0.0, 0.85),
    "marks": (0.0, 1.0),
}
_LONG_WORD, _PER_LETTER_BEYOND = 9, 0.2
_HUMP = re.compile("[a-z][A-Z]")  # "loadConfig" is two words to most vocabularies
_PER_HUMP = 1.5
_PER_SIGN, _LONG_SIGNS, _PER_SIGN_BEYOND = 0.33, 12, 0.02
_PER_LINE, _PER_LINE_BEYOND, _PER_INDENT = 2.1, 0.06, 0.4
_PER_OTHER_BYTE = 0.47  # emoji and rare scripts

_LETTERS = re.compile(r"[A-Za-z\u0080-\U0010ffff]+")  # with the marks that some scripts put between letters
_DIGITS = re.compile(r"[0-9]+")
# The longest tokens that occur: of a word, of consecutive digits, of one repeated sign or space.
_MAX_LETTERS, _MAX_DIGITS, _MAX_REPEAT = 32, 6, 512


def token_bounds(text: str) -> TokenBounds:
    """Return how many tokens a text has."""
    high = len(text.encode("utf-8", "surrogatepass"))
    estimate = min(estimate_tokens(text), high)
    runs = sum(
        max(1.0, (end - start) / longest)
        for pattern, longest in ((_LETTERS, _MAX_LETTERS), (_DIGITS, _MAX_DIGITS))
        for start, end in map(re.Match.span, pattern.finditer(text))
    )
    low = min(max(runs, high / _MAX_REPEAT), estimate)
    return TokenBounds(math.floor(low), estimate, high)


def estimate_tokens(text: str) -> float:
    """Return about how many tokens a text has: the estimate of `token_bounds`, in half the time."""
    total = 0.0
    covered = 0
    for match in _RUN.finditer(text):
        kind, start, end = match.lastgroup, match.start(), match.end()
        if start > covered:
            total += _PER_OTHER_BYTE * len(text[covered:start].encode("utf-8", "surrogatepass"))
        covered = end
        length = end - start
        if kind == "space":
            run = match.group()
            if "\n" in run:
                total += _PER_LINE + _PER_LINE_BEYOND * (length - 1) / 4
                total += 0.0 if run.endswith("\n") else _PER_INDENT
            elif run != " ":  # a single space belongs to the token after it
                total += _PER_INDENT + length / _MAX_REPEAT
        elif kind == "signs":
            beyond = max(0, length - _LONG_SIGNS)
            total += _PER_SIGN * (length - beyond) + _PER_SIGN_BEYOND * beyond
        else:
            per_run, per_character = _COSTS[kind]
            total += per_run + per_character * length
            if kind == "word" and length > 1:
                word = match.group()
                total += 0.0 if word.islower() else _PER_HUMP * len(_HUMP.findall(word))
                total += _PER_LETTER_BEYOND * max(0, length - _LONG_WORD)
    return total + _PER_OTHER_BYTE * len(text[covered:].encode("utf-8", "surrogatepass"))
