"""The command line, one file per command; nothing of it is imported by anything else.

Loads nothing: whoever presses Ctrl-C while the commands are being loaded gets no traceback either.
"""

import signal
import sys

STOPPED = 130


def main() -> None:
    """Run the command line; Ctrl-C and SIGTERM end it alike, unless a command hears them itself."""
    for number in (signal.SIGINT, signal.SIGTERM):
        # A shell's background job ignores SIGINT, and so it stays.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    try:
        from dagster_project.cli.app import app

        app()
    except KeyboardInterrupt:
        sys.exit(STOPPED)
