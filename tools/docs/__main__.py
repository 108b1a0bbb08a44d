"""The command: writes what is stale, or says what is."""

import sys

import click

from tools.docs.writing import DOCS, pages, stale, write


@click.command()
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit 1 on stale files.")
def main(*, only_check: bool) -> None:
    """Write the generated pages below docs/ anew."""
    changed = stale(DOCS, pages()) if only_check else write(DOCS, pages())
    for name in changed:
        print(f"docs/{name} {'is stale' if only_check else 'written'}")
    if only_check and changed:
        print("run `make docs` and commit what it writes", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
