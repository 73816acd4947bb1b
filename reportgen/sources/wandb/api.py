"""Runs straight from Weights & Biases, through its own client: by address, by name, by query."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from dataclasses import replace
from fnmatch import translate
from functools import partial
from itertools import islice
from typing import Any

from reportgen.errors import SpecError
from reportgen.run import Run
from reportgen.sources.place import Place
from reportgen.sources.source import Claim, Keep, Rank, Source
from reportgen.sources.wandb import address as wandb_address
from reportgen.sources.wandb.address import EXPECTED, PREFIX, Address
from reportgen.sources.wandb.fetch import Questions, record
from reportgen.sources.wandb.login import USUAL, connect, elsewhere, in_time, tidy

NEWEST = 50  # runs of a query that names no limit: what a page can show side by side
FILTERS = {"group": "group", "name": "displayName", "tag": "tags", "state": "state", "sweep": "sweep"}


class Api(Source):
    """A run at its address, or the runs that a query finds."""

    name = "Weights & Biases"

    def claim(self, place: Place) -> Claim | None:
        if not claims(place.spec):
            return None
        parts = partial(find, place.spec)
        return Claim(place, Rank.SURE, "an address at W&B", run=place.spec, form="tracker", parts=parts, remote=True)

    def read(self, claim: Claim, keep: Keep) -> Run:
        return read(claim.place.spec, keep=keep)


def claims(spec: str) -> bool:
    """Whether a spec is an address at W&B by its looks; what exists on disk is none."""
    return wandb_address.is_address(spec, one_word=_one_word())


def find(spec: str) -> tuple[str, ...]:
    """The single runs that an address or a query stands for, newest first; SpecError when there is none."""
    address = addressed(spec)
    if address.run and any(key in wandb_address.TOLD for key, _ in address.query):
        return (address.spec,)
    asked = Questions(address, USUAL)
    found = _by_name(address, asked, spec) if address.run else _by_query(address, asked)
    return tuple(one.spec for one in found)


def read(spec: str, *, keep: Collection[str] | None = None) -> Run:
    """The run at an address of one; SourceError: where, what, what to do."""
    address = addressed(spec)
    if not (spec.startswith(PREFIX) and address.run and address.entity):
        several = find(spec)
        if len(several) > 1:
            raise SpecError(f"{spec}: {len(several)} runs, where one is read; give each that find() names")
        address = addressed(several[0])
    remark = wandb_address.remark(address)
    return record(address, keep=keep).run(keep, notes=[remark] if remark else [])


def _one_word() -> bool:
    return bool(os.environ.get("WANDB_PROJECT"))


def addressed(spec: str) -> Address:
    """The address of a spec, with what W&B's environment fills in."""
    address = wandb_address.parse(spec, one_word=_one_word())
    if address is None:
        raise SpecError(f"{spec}: no address at W&B; {EXPECTED}")
    if not address.project:
        address = replace(address, project=os.environ.get("WANDB_PROJECT", ""))
    return address if address.entity else replace(address, entity=os.environ.get("WANDB_ENTITY", ""))


def _by_name(address: Address, asked: Questions, spec: str) -> list[Address]:
    """The run of that id, else every run of that name, newest first."""
    either = {"$or": [{"name": address.run}, {"displayName": address.run}]}
    address, runs, total = _runs(address, asked, either, NEWEST)
    if not runs:
        raise SpecError(_missing(address, spec))
    if own := [run for run in runs if run.id == address.run]:
        runs, total = own, 1
    told = (("named", address.run), ("of", str(total))) if total > 1 else ()
    return [replace(address, run=run.id, query=told) for run in runs]


def _by_query(address: Address, asked: Questions) -> list[Address]:
    """The newest runs of a project that pass the query, no more than its limit."""
    limit = int((address.asked("limit") or (str(NEWEST),))[-1])
    address, runs, total = _runs(address, asked, _filters(address), limit)
    if not runs:
        raise SpecError(f"{address.spec}: W&B shows no run there that matches; check the project's name and the query")
    bites = total > len(runs) and not address.asked("limit")
    told = (("newest", str(len(runs))), ("of", str(total))) if bites else ()
    return [replace(address, run=run.id, query=told) for run in runs]


def _runs(address: Address, asked: Questions, filters: dict[str, Any], limit: int) -> tuple[Address, list[Any], int]:
    """The address with its entity, its newest runs that pass a filter, and how many do."""
    api = asked.of(lambda: connect(address, asked.limits))
    asked.key = getattr(api, "api_key", None)
    entity = address.entity or asked.of(lambda: api.default_entity) or ""
    address = replace(address, entity=entity, site=elsewhere(address))

    def listed() -> tuple[list[Any], int]:
        try:
            path = f"{entity}/{address.project}"
            page = min(limit, 100)
            runs = api.runs(path, filters=filters, order="-created_at", per_page=page, include_sweeps=False)
            newest = list(islice(runs, limit))
            for run in newest:
                tidy(run)
            return newest, len(runs) if newest else 0
        except ValueError as error:  # the client's word for a project that isn't there
            if "Could not find project" in str(error):
                return [], 0
            raise

    runs, total = in_time(lambda: asked.of(listed), asked.where, asked.limits.total_s)
    return address, runs, total


def _filters(address: Address) -> dict[str, Any]:
    """A query as W&B's server filters; several values of a key are alternatives."""
    parts: list[dict[str, Any]] = []
    for key, field in FILTERS.items():
        if values := address.asked(key):
            patterns = [value for value in values if set("*?") & set(value)]
            plain = [value for value in values if value not in patterns]
            ways: list[dict[str, Any]] = [{field: {"$in": plain}}] if plain else []
            ways += [{field: {"$regex": _regex(pattern)}} for pattern in patterns]
            parts.append(ways[0] if len(ways) == 1 else {"$or": ways})
    return {"$and": parts} if parts else {}


def _regex(pattern: str) -> str:
    """A glob in the dialect of W&B's server, RE2."""
    return "^" + re.sub(r"\(\?s:(.*)\)\\[zZ]", r"\1", translate(pattern)) + "$"


def _missing(address: Address, spec: str) -> str:
    """Why an address names no run, in one sentence."""
    project = f", or write a whole project as {PREFIX}{spec}" if spec.count("/") == 1 and ":" not in spec else ""
    return (f"{spec}: W&B has no run {address.run!r} in {address.entity}/{address.project}, by id or by name; "
            f"check it{project}")  # fmt: skip
