"""The house's walls: which room may import what."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import reportgen

ROOMS = Path(reportgen.__file__).parent
FLOW = (  # data flows down this list; a room imports only from rooms above it, or from its own
    "errors",
    "settings",
    "plugins",
    "naming",
    "foreign",
    "wording",
    "trainers",
    "evals",
    "metrics",
    "redact",
    "run",
    "samples",
    "axis",
    "restarts",
    "gathered",
    "gate",
    "anonymous",
    "sources",
    "store",
    "signals",
    "seen",
    "findings",
    "comparable",
    "costs",
    "recipes",
    "comparison",
    "by_recipe",
    "choice",

    "verdict",
    "diagnostics",
    "steady",
    "slim",
    "saved",
    "cache",
    "workers",
    "many",
    "looks",
    "gates",
    "report",
    "charts",
    "render",
    "publish",
    "atomic",
    "terminal",
    "notebook",
    "options",
    "asked",
    "flags",
    "cli",
)
ANYWHERE = {"atomic"}  # writes files whole for cli and store
HOMES = {
    "altair": {"charts"},
    "vl_convert": {"charts"},
    "distributed": {"workers"},
    "jinja2": {"render"},
    "click": {"asked", "cli", "flags", "options", "terminal"},
    "wandb": {"sources", "publish"},
    "fsspec": {"sources"},
}
BANNED = ("scipy.stats", "statsmodels", "sklearn", "matplotlib", "plotly")


def modules():
    return sorted(
        path for path in ROOMS.rglob("*.py") if path.name not in ("__init__.py", "__main__.py") or path.parent != ROOMS
    )


def room(path):
    return path.relative_to(ROOMS).parts[0].removesuffix(".py")


def imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "reportgen":
            yield from (f"reportgen.{alias.name}" for alias in node.names if (ROOMS / f"{alias.name}.py").exists()
                        or (ROOMS / alias.name).is_dir())  # fmt: skip
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOMS)))
def test_nothing_calls_back_up_the_flow(path):
    """A room imports only rooms that data has passed before it."""
    here = FLOW.index(room(path))
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "reportgen" and len(parts) > 1 and parts[1] in FLOW and parts[1] not in ANYWHERE:
            assert FLOW.index(parts[1]) <= here, f"{room(path)} imports {parts[1]}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOMS)))
def test_each_library_has_one_room(path):
    """Altair, Jinja, click and wandb stay in their rooms; heavy statistics in none."""
    for name in imports(path):
        home = HOMES.get(name.split(".")[0])
        assert home is None or room(path) in home, f"{room(path)} imports {name}"
        assert not name.startswith(BANNED), f"{room(path)} imports {name}"


@pytest.mark.parametrize(
    "what", ["import reportgen", "from reportgen.cli import cli; cli(['--help'], standalone_mode=False)"]
)
def test_start_is_light(what):
    """Neither the package nor its help imports pandas, altair or wandb."""
    heavy = (
        "import sys; print('heavy', [m for m in ('pandas', 'numpy', 'altair', 'wandb', 'jinja2') if m in sys.modules])"
    )
    ended = subprocess.run([sys.executable, "-c", f"{what}\n{heavy}"], capture_output=True, text=True, check=True)
    assert ended.stdout.strip().endswith("heavy []")


def test_every_public_name_is_there():
    """Each name of the package resolves."""
    for name in reportgen.__all__:
        assert getattr(reportgen, name) is not None
