"""The command `ai-lib`: thin, standard library only."""
