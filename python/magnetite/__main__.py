"""``python -m magnetite``: the command line of magnetite."""

import sys

from magnetite.cli import main

if __name__ == "__main__":
    sys.exit(main())
