"""Exit codes of the command line."""

DONE = 0
BAD_INPUT = 2
TARGET_MISSED = 3
INTERRUPTED = 130
READER_GONE = 141  # what a shell reports of a program whose output pipe was closed
