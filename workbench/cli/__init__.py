"""The command line, `workbench`: each command is one call of the agent, shown with rich. No logic of a walk lives here.

    workbench ask | chat | feedback | sessions | memory | models | config | doctor | tour

Bad input ends in one sentence on standard error and exit code 2; a traceback goes to HOME/logs/workbench.log.
"""

from __future__ import annotations

import sys

__all__ = ["main"]

INTERRUPTED = 130  # as a shell says of Ctrl-C


def main() -> None:
    """Entry point of the `workbench` command."""
    try:
        from workbench.cli.app import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        print("\nStopped before anything was begun.", file=sys.stderr)
        code = INTERRUPTED
    exec("")  # `python -m` dies of a Ctrl-C that went through any exec, though it was caught; the next exec clears that
    sys.exit(code)
