"""What a run says of its data and its model: in its config first, then in the names that people gave it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath

from reportgen import trainers
from reportgen.evals import sets
from reportgen.run import Run

DATA = re.compile(
    r"dataset|prompt_data|(?:^|[._])(?:data|env|envs|environment|task|tasks|benchmark)s?(?:[._]|$)"
    r"|train_?(?:file|data|set|path)"
)
TESTED = re.compile(
    r"(?:^|[._])(?:val|valid|validation|eval|evals|evaluation|evaluator|test|testing)(?=[._]|$)|eval_|valid_|val_|test_"
)
ELSEWHERE = re.compile(
    r"output|save|log|ckpt|checkpoint|cache|reward|judge|sft|split|column|key|field|template|version"
)
MODEL = re.compile(
    r"model|pretrain|tokenizer|(?:^|[._])(?:actor|policy|ref|base)[._](?:path|name)|hf_checkpoint|checkpoint_path"
)
NAMES = re.compile(
    r"(?:^|[._])(?:experiment_name|exp_name|project_name|run_name|trial_name|wandb_project|project|experiment)$"
)
QWEN = re.compile(r"qwen[-_ ]?2[._]?5[-_ ]?0[._]?5b", re.IGNORECASE)
SIZE = re.compile(r"(?<![\d.a-z])(\d+(?:[._]\d+)?)[-_ ]?b(?![a-z0-9])", re.IGNORECASE)
OTHER_MODEL = re.compile(
    r"gemma|llama|mistral|mixtral|phi[-_]?\d|deepseek|smollm|olmo|glm|qwen[-_ ]?3|qwen[-_ ]?2(?![._]?5)|pythia"
    r"|gpt[-_]?2|falcon|internlm|minicpm",
    re.IGNORECASE,
)


def trained_on(run: Run) -> tuple[str, ...]:
    """Known data that a run trains on: as its config has it, else as it is named; () when nothing tells."""
    own = {key.lower() for what in ("train_set", "data") for key in trainers.keys(run.framework, what)}
    data = [text for key, text in _texts(run) if (DATA.search(key) and not TESTED.search(key)) or key in own]
    return sets.mentioned(data) or sets.corpora(data) or sets.mentioned(given_names(run))


def evaluated_on(run: Run) -> tuple[str, ...]:
    """Known sets that its config evaluates on; () when it doesn't say."""
    own = {key.lower() for key in trainers.keys(run.framework, "eval")}
    return sets.mentioned(text for key, text in _texts(run) if (TESTED.search(key) and DATA.search(key)) or key in own)


def given_names(run: Run) -> tuple[str, ...]:
    """Names that people gave a run or its project; what only a file or a folder is called is none."""
    named = [text for key, text in _texts(run) if NAMES.search(key)]
    named += [str(run.provenance[key]) for key in ("project", "group", "experiment") if key in run.provenance]
    places = {part for piece in PurePath(run.source.replace(" ", "/")).parts for part in (piece, piece.split(".")[0])}
    named += [name for name in (run.name, run.id) if not set(PurePath(name).parts) <= places]
    return tuple(dict.fromkeys(named))


def is_qwen_half_billion(run: Run) -> bool:
    """Whether config or names say Qwen2.5-0.5B, and none of them speaks of another model or size."""
    own = {key.lower() for key in trainers.keys(run.framework, "model")}
    texts = [text for key, text in _texts(run) if MODEL.search(key) or key in own] + list(given_names(run))
    sizes = {float(size.replace("_", ".")) for text in texts for size in SIZE.findall(QWEN.sub("", text))}
    if sizes - {0.5} or any(OTHER_MODEL.search(text) for text in texts):
        return False
    return any(QWEN.search(text) for text in texts)


def _texts(run: Run) -> Iterator[tuple[str, str]]:
    """(key in lower case, text) of every text in the config, those in lists too; what goes elsewhere is left out."""
    for key, value in run.config.items():
        name = str(key).lower()
        if ELSEWHERE.search(name) and not NAMES.search(name) and "model" not in name:
            continue
        for text in value if isinstance(value, list | tuple) else (value,):
            if isinstance(text, str):
                yield name, text
