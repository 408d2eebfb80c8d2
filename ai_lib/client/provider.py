"""Providers."""
from enum import StrEnum
__all__ = ["Provider"]
class Provider(StrEnum):
    OPENAI = "openai"
    GROQ = "groq"
