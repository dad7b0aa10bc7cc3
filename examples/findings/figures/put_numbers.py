#!/usr/bin/env python3
"""Puts what a finding printed into its place in a page, with the command and the machine.

Usage: put_numbers.py PAGE NAME NUMBERS DRAWN COMMAND MACHINE. DRAWN holds what the drawing found. The place is between `<!-- numbers of NAME -->` and `<!-- end -->`.
"""

import pathlib
import sys


def main(page, name, numbers, drawn, command, machine):
    path = pathlib.Path(page)
    text = path.read_text(encoding="utf-8")
    begin, end = f"<!-- numbers of {name} -->\n", "<!-- end -->"
    if begin not in text:
        sys.exit(f"put_numbers.py: {page}: expected the line {begin.strip()}, to put the numbers below it")
    before, rest = text.split(begin, 1)
    after = rest.split(end, 1)[1]
    # Where the run lies is nobody's business.
    printed = pathlib.Path(numbers).read_text(encoding="utf-8").split(" Run folder:")[0].strip()
    found = pathlib.Path(drawn).read_text(encoding="utf-8").strip()
    printed += "\n\n" + found if found else ""
    path.write_text(f"{before}{begin}```text\n{printed}\n```\n\n`{command}`, {machine}\n{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 7:
        sys.exit(__doc__)
    main(*sys.argv[1:])
