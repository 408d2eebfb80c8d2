"""How many tokens a text has, told without its tokenizer: an estimate between two bounds.

Every vocabulary in use today is a byte-level byte-pair encoding, or falls back to one: a token is at least one byte of
UTF-8, so the bytes are an upper bound that holds always. Before merging, text is cut at the borders between letters,
digits and the rest, so these runs are a lower bound that holds for all text but what was made to break it.

The estimate adds up what each kind of run costs on the average of o200k_base (GPT-4o and later), Qwen, Tekken (Mistral)
and DeepSeek V3. Measured on the texts in `tests/models/token_corpus`, where the counts of six vocabularies are kept:

- English, source code, JSON, SQL, Markdown: within 7 % of the average, and within 13 % of each of the four. On files
  that the numbers below were not fitted to: README, licence and Python files 4 to 13 % above the average; minified
  JSON and tables of numbers up to 21 % below.
- German, French, Spanish, Chinese, Japanese, Korean, Russian, Arabic: within 10 % of the average, and within 35 % of
  each, for the four differ themselves by up to 85 % (the Chinese text has 134 to 249 tokens).
- Figures: within 3 % of the average, and 18 % to either side: a token is three digits for some, and one for others.
- Vocabularies before 2024 (GPT-4, Claude 2) need up to 1.9 times the estimate in Chinese, 2.8 times in Arabic.
"""

from __future__ import annotations

import math
import re
from typing import NamedTuple

__all__ = ["TokenBounds", "estimate_tokens", "token_bounds"]


class TokenBounds(NamedTuple):
    """Tokens of a text.

    Args:
        least: No vocabulary in use needs fewer.
        about: What the vocabularies of today need on average.
        most: No byte-level vocabulary needs more.
    """

    least: int
    about: float
    most: int


_RUN = re.compile(
    r"(?P<word>[A-Za-z]+)|(?P<space>\s+)|(?P<digits>[0-9]+)"
    r"|(?P<signs>[!-/:-@\[-`{-~]+)"
    r"|(?P<latin>[\u00c0-\u024f]+)|(?P<alphabet>[\u0370-\u06ff]+)|(?P<indic>[\u0900-\u0dff]+)"
    r"|(?P<ideographs>[\u3040-\u30ff\u3400-\u9fff]+)|(?P<hangul>[\uac00-\ud7af]+)"
    r"|(?P<marks>[\u2010-\u203a\u3000-\u303f\uff00-\uffef]+)"
)
# What a run costs, and what each of its characters adds.
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
# The longest tokens that occur: of one word, of figures in a row, of one sign or blank repeated.
_LONGEST_WORD, _MOST_DIGITS, _LONGEST_REPEAT = 32, 6, 512


def token_bounds(text: str) -> TokenBounds:
    """Return how many tokens a text has."""
    most = len(text.encode("utf-8", "surrogatepass"))
    about = min(_about(text), most)
    least = min(_least(text, most), about)
    return TokenBounds(math.floor(least), about, most)


def estimate_tokens(text: str) -> int:
    """Return about how many tokens a text has: the middle of what `token_bounds` gives, in half the time."""
    return round(_about(text))


def _about(text: str) -> float:
    total = 0.0
    covered = 0
    for match in _RUN.finditer(text):
        kind, start, end = match.lastgroup, match.start(), match.end()
        if start > covered:
            total += _PER_OTHER_BYTE * len(text[covered:start].encode("utf-8", "surrogatepass"))
        covered = end
        if kind == "space":
            total += _blank(match.group()) if end - start > 1 or match.group() != " " else 0.0
        elif kind == "signs":
            beyond = max(0, end - start - _LONG_SIGNS)
            total += _PER_SIGN * (end - start - beyond) + _PER_SIGN_BEYOND * beyond
        else:
            run, character = _COSTS[kind]
            total += run + character * (end - start)
            if kind == "word" and end - start > 1:
                total += _within(match.group())
    return total + _PER_OTHER_BYTE * len(text[covered:].encode("utf-8", "surrogatepass"))


def _within(word: str) -> float:
    humps = 0 if word.islower() else len(_HUMP.findall(word))
    return _PER_HUMP * humps + _PER_LETTER_BEYOND * max(0, len(word) - _LONG_WORD)


def _blank(blank: str) -> float:
    if "\n" not in blank:
        return _PER_INDENT + len(blank) / _LONGEST_REPEAT
    return _PER_LINE + _PER_LINE_BEYOND * (len(blank) - 1) / 4 + (0.0 if blank.endswith("\n") else _PER_INDENT)


def _least(text: str, size: int) -> float:
    words = sum(max(1.0, (end - start) / _LONGEST_WORD) for start, end in map(re.Match.span, _LETTERS.finditer(text)))
    figures = sum(max(1.0, (end - start) / _MOST_DIGITS) for start, end in map(re.Match.span, _DIGITS.finditer(text)))
    return max(words + figures, size / _LONGEST_REPEAT)
