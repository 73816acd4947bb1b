"""Evals: which set, which kind of number, how many problems, and which is the main one."""

from reportgen.evals import sets
from reportgen.evals.main import chosen
from reportgen.evals.names import Named, family, named
from reportgen.evals.series import Eval, found, wanted

__all__ = ["Eval", "Named", "chosen", "family", "found", "named", "sets", "wanted"]
