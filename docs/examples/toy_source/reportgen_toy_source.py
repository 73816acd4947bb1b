"""Toy logs: a line `TOY`, then a reward a line."""

from reportgen.gate import from_rows
from reportgen.run import Run
from reportgen.sources import place as places
from reportgen.sources.place import Place
from reportgen.sources.source import Claim, Keep, Rank, Source


class Toy(Source):
    """A log that begins with TOY."""

    name = "toy log"

    def claim(self, place: Place) -> Claim | None:
        return Claim(place, Rank.SURE, "a toy log", form="log") if place.head.startswith(b"TOY") else None

    def read(self, claim: Claim, keep: Keep) -> Run:
        _, *rewards = places.lines(claim.place.path, [])
        rows = [{"step": step, "reward": float(text)} for step, text in enumerate(rewards, start=1) if text]
        name = places.run_name(claim.place.path)
        return from_rows(rows, id=name, name=name, source=f"{self.name} {claim.place.path}", step="step")
