"""The program ``livecca`` as a console command: the C++ program's commands, parsed by argparse.

The commands are declared once, in C++. There CLI11 parses them, here argparse does.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from livecca import _core
from livecca._errors import Error

_UNUSABLE = 2


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, as the C++ program does."""

    def error(self, message: str) -> NoReturn:
        self.exit(_UNUSABLE, f"{self.prog}: {message} (see {self.prog} --help)\n")


def _add_option(parser: _Parser, groups: dict[str, Any], option: Any) -> None:
    settings: dict[str, Any] = {"help": option.help.replace("%", "%%"), "dest": option.name}
    if option.is_positional:
        del settings["dest"]
        if option.values == "many":
            settings["nargs"] = "+" if option.is_required else "*"
        parser.add_argument(option.name, **settings)
        return
    if option.values == "none":
        settings.update(action="store_const", const=[])
    else:
        settings.update(action="append", metavar=option.value_name, required=option.is_required)
    target = groups.get(option.excludes) or groups.get(option.name) or parser
    target.add_argument(option.name, **settings)


def _exclusive_groups(parser: _Parser, options: Sequence[Any]) -> dict[str, Any]:
    """A group for each option that another one excludes, by its name."""
    return {
        option.excludes: parser.add_mutually_exclusive_group()
        for option in options
        if option.excludes
    }


def _command_parser(command: Any) -> _Parser:
    parser = _Parser(
        prog=f"livecca {command.name}",
        description=command.summary,
        epilog=command.details.replace("%", "%%"),
        formatter_class=argparse.RawTextHelpFormatter,
        allow_abbrev=False,
    )
    groups = _exclusive_groups(parser, command.options)
    for option in command.options:
        _add_option(parser, groups, option)
    return parser


def _program_parser(commands: Sequence[Any]) -> _Parser:
    """Of all that is no command's: help, version, and which commands there are."""
    lines = "".join(f"  {command.name:<10}{command.summary}\n" for command in commands)
    parser = _Parser(
        prog="livecca",
        usage="livecca [-h] [--version] COMMAND ...",
        description=_core.program_summary,
        epilog=f"commands:\n{lines}",
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"livecca {_core.version}")
    return parser


def _values(command: Any, parsed: argparse.Namespace) -> dict[str, list[str]]:
    """What was given, by the option's name."""
    given: dict[str, list[str]] = {}
    for option in command.options:
        value = getattr(parsed, option.name)
        if value is None or value == [] and option.is_positional:
            continue
        if option.values == "one" and not isinstance(value, str) and len(value) > 1:
            raise Error(f"{option.name}: expected it once, got it {len(value)} times")
        given[option.name] = [value] if isinstance(value, str) else list(value)
    return given


def run(arguments: Sequence[str]) -> int:
    """Run the program with these arguments; returns its exit status.

    Prints to ``sys.stdout`` and ``sys.stderr``. Raises SystemExit after ``--help``, ``--version``
    and arguments that cannot be parsed.
    """
    commands = _core.program_commands()
    by_name = {command.name: command for command in commands}
    if not arguments or arguments[0] not in by_name:
        parser = _program_parser(commands)
        _, unknown = parser.parse_known_args(arguments)
        expected = f"expected a command, one of {', '.join(by_name)}"
        parser.error(f"{expected}, got {unknown[0]!r}" if unknown else f"{expected}, got none")
    command = by_name[arguments[0]]
    # Options may stand between the inputs.
    parsed = _command_parser(command).parse_intermixed_args(list(arguments[1:]))
    try:
        return int(command.run(_values(command, parsed)))
    except Error as error:
        who = f"livecca {command.name}"
        print(f"{who}: {error} (see {who} --help)", file=sys.stderr)
        return _UNUSABLE


def main() -> int:
    """The console command: a process of its own, which Ctrl-C and a closed pipe end at once."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    # A limit on the size of files is an error of the write then, and not the end.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    status = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except OSError:  # run() has said so; at its end Python would try again, and say it its own way
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return status
