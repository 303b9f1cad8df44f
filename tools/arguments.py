"""How every tool here reads its command line: its first comment is its --help, what it does not know is refused."""

import argparse
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def existing_folder(text):
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f'{text!r} is not a folder')
    return path


def parser_of(doc):
    """A parser that exits 2 at unknown or shortened options."""
    return argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter,
                                   allow_abbrev=False)


def parser_with_root(doc):
    """The same with the last argument ROOT: the tree to read, this one if it is not given."""
    parser = parser_of(doc)
    parser.add_argument('root', nargs='?', type=existing_folder, default=ROOT, metavar='ROOT')
    return parser
