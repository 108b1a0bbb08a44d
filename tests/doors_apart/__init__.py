"""A second table of doors, written by another hand from the documents, without sight of the code.

Where the two hands differed, the row says what was settled. `docs/doors.md` has the rules.
"""
