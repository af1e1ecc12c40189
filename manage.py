#!/usr/bin/env python
"""Jifen's commands. Those that need the database find it running, whether or not `make run` is up."""

import os
import sys

# Commands that ask no database; `runall` starts the servers itself, after its own checks.
WITHOUT_SERVERS = {
    "check",
    "collectstatic",
    "compilemessages",
    "diffsettings",
    "findstatic",
    "help",
    "makemessages",
    "makemigrations",
    "runall",
    "startapp",
    "version",
}


def main() -> None:
    """Run one command; what the embedded servers refuse is a sentence and exit code 1."""
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        sys.exit(
            "Jifen 需要 Python 3.11 到 3.13,当前是 {0}。\nJifen needs Python 3.11 to 3.13, this is {0}.".format(
                sys.version.split()[0]
            )
        )
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        import django  # noqa: F401
    except ImportError:
        sys.exit(
            "没有找到 Django:请运行 make run,或者使用 .venv/bin/python manage.py。\n"
            "Django is not installed here: run make run, or use .venv/bin/python manage.py."
        )
    from config.embedded import EmbeddedError

    try:
        run(sys.argv)
    except EmbeddedError as error:
        sys.exit(str(error))


def run(argv: "list[str]") -> None:
    """Run the command, with the servers up when it needs them."""
    from django.core.management import execute_from_command_line

    from config.embedded import ending_cleanly, running

    if argv[1:2] == ["runall"]:
        os.environ.setdefault("DEBUG", "1")
    if not needs_servers(argv):
        execute_from_command_line(argv)
        return
    with ending_cleanly(), running():
        execute_from_command_line(argv)


def needs_servers(argv: "list[str]") -> bool:
    """Tell whether a command asks the database."""
    command, options = (argv[1] if len(argv) > 1 else "help"), argv[2:]
    if command.startswith("-") or "--help" in options or "-h" in options:
        return False
    return command not in WITHOUT_SERVERS or (command == "check" and "--database" in options)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
