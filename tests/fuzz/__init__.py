"""Broken inputs by chance: seeds by real writers, ways to break them, and what must hold whatever is read."""
