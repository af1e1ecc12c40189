"""`python -m config.embedded COMMAND...`: run a command with the servers up, and return its exit code."""

from __future__ import annotations

import signal
import subprocess
import sys
from types import FrameType

from config.embedded import EmbeddedError, running


def main(argv: list[str]) -> int:
    """Run the command; 1 and a sentence when the servers do not come up, 127 when there is no such command."""
    if not argv:
        print("python -m config.embedded COMMAND...", file=sys.stderr)
        return 2
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    try:
        with running():
            return _run(argv)
    except EmbeddedError as error:
        print(error, file=sys.stderr)
        return 1


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


def _run(argv: list[str]) -> int:
    try:
        child = subprocess.Popen(argv)
    except OSError as error:
        print(f"{argv[0]}: {error.strerror}", file=sys.stderr)
        return 127

    def pass_on(number: int, frame: FrameType | None) -> None:
        child.send_signal(number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, pass_on)
    # The terminal sends Ctrl-C to the command as well: it decides, we wait.
    signal.signal(signal.SIGINT, lambda number, frame: None)
    code = child.wait()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
