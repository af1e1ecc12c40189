"""`python -m config.embedded COMMAND...`: run a command with the servers up, and return its exit code."""

from __future__ import annotations

import signal
import subprocess
import sys
from types import FrameType

from config.embedded import EmbeddedError, ending_cleanly, running


def main(argv: list[str]) -> int:
    """Run the command; 1 and a sentence when the servers do not come up, 127 when there is no such command."""
    if not argv:
        sys.stderr.write("python -m config.embedded COMMAND...\n")
        return 2
    try:
        with ending_cleanly(), running():
            return _run(argv)
    except EmbeddedError as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _run(argv: list[str]) -> int:
    try:
        child = subprocess.Popen(argv)
    except OSError as error:
        sys.stderr.write(f"{argv[0]}: {error.strerror}\n")
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
