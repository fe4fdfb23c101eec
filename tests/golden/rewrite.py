"""Writes ``state_hashes.json`` anew: ``python -m tests.golden.rewrite``, after a change that may change results.

Such a change is a new ``VERSION`` of the game, and the changelog says "results may change". Read the diff before you
commit it: it names every match that came out differently.
"""

import sys

from tests.golden import matches


def main() -> int:
    """Rewrite the golden rows; say how many have changed."""
    before = matches.stored() if matches.STORED.exists() else {}
    after = matches.play()
    changed = [name for name, row in after.items() if before.get(name) != row]
    matches.write(after)
    sys.stdout.write(f"{len(changed)} of {len(after)} golden matches have changed: {matches.STORED}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
