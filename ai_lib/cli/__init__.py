"""The command `ai-lib`. Needs nothing but the library and argparse."""
