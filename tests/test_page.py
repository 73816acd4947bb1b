"""The page of one run as text: structure, safety, determinism, size."""

import base64
import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from browser import Parsed
from reports import learning_run, report_of

from reportgen.diagnostics import diagnose
from reportgen.render import page
from reportgen.report import compose
from reportgen.settings import Settings

ROOT = Path(__file__).parent.parent
PATHS = os.pathsep.join([str(ROOT), str(ROOT / "tests")])


@pytest.fixture(scope="module")
def html() -> str:
    """One page of a run that has plateaued."""
    return page(report_of(learning_run()))


@pytest.fixture(scope="module")
def parsed(html: str) -> Parsed:
    return Parsed(html)


def test_every_fragment_leads_somewhere(parsed):
    """Each in-page link, label and description names an element that is there, and ids are unique."""
    ids = parsed.having("id")
    assert len(ids) == len(set(ids))
    fragments = {href[1:] for href in parsed.having("href") if href.startswith("#")}
    assert fragments | set(parsed.having("for")) | set(parsed.having("aria-labelledby")) <= set(ids)


def test_nothing_is_loaded(parsed):
    """No element but a link has an address, and no style or event attribute exists."""
    for tag, attributes in parsed.elements:
        assert "src" not in attributes, tag
        assert not attributes.get("href", "#").startswith("//")
        assert tag == "a" or "://" not in attributes.get("href", "")
        assert not any(name.startswith("on") or name == "style" for name in attributes)


def test_a_link_to_the_page_previews_its_verdict(html, parsed):
    """Title, description and icon for tabs and chats, all inline; the icon has the colour of the decision."""
    said = {one.get("property") or one.get("name"): one.get("content") for tag, one in parsed.elements if tag == "meta"}
    verdict = report_of(learning_run()).diagnoses[0].verdict
    assert said["og:description"] == said["description"]
    assert verdict.headline in said["description"]
    assert said["og:title"] in html[html.index("<title>") :]
    (icon,) = (one["href"] for tag, one in parsed.elements if tag == "link")
    assert icon.startswith("data:image/svg+xml,")
    look = next(one["class"] for _, one in parsed.elements if one.get("class", "").startswith("state ")).split()[1]
    assert {"ok": "14735a", "note": "47658a", "warn": "8f5a00"}[look] in icon


def test_the_policy_names_every_script_and_style(html, parsed):
    """The policy is first in the head, allows nothing by origin, and holds a hash for each text."""
    policy = next(attributes["content"] for _, attributes in parsed.elements if "http-equiv" in attributes)
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy and "http" not in policy
    assert html.index("Content-Security-Policy") < html.index("<style>") < html.index("<script>")


def test_specs_and_data_are_in_the_page_once(parsed):
    """Each kind of chart has its Vega-Lite and its Vega; each series is there once, under an alias."""
    data = json.loads(parsed.blocks["page-data"])
    kinds = json.loads(gzip.decompress(base64.b64decode(data["kinds"])))
    assert set(kinds) == {"reward", "small"}
    assert "vega-lite" in kinds["reward"]["vegalite"]["$schema"]
    assert len(data["series"]) == len({(item["name"], item["run"]) for item in data["series"].values()})
    assert set(data["charts"]) >= {"curve-chart", "signal-entropy"}


def test_the_card_comes_first(parsed):
    """The verdict is the only h1 and stands before every section."""
    tags = [tag for tag, _ in parsed.elements]
    assert tags.count("h1") == 1
    assert tags.index("h1") < tags.index("section")


def test_it_reads_without_a_script(parsed):
    """Words, tables and static pictures are in the HTML itself."""
    assert len(parsed.text.split()) >= 400
    assert any(tag == "table" for tag, _ in parsed.elements)
    assert sum(attributes.get("class", "").startswith("static") for _, attributes in parsed.elements) >= 6


def test_the_same_run_gives_the_same_bytes(tmp_path):
    """Hash seeds, time zones and an earlier page in the same process change nothing."""
    program = (
        "from reports import learning_run, report_of; from reportgen.render import page; import hashlib;"
        "print([hashlib.sha256(page(report_of(learning_run())).encode()).hexdigest() for _ in range(2)])"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", program], check=True, capture_output=True, text=True, cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "PYTHONPATH": PATHS},
        ).stdout
        for seed, zone in (("0", "UTC"), ("1", "America/New_York"))
    }  # fmt: skip
    (hashes,) = said
    assert len(set(json.loads(hashes.replace("'", '"')))) == 1


def test_four_metrics_stay_small(make_run):
    """126 steps of 4 metrics are at most 350 kB."""
    noise = np.random.default_rng(0).normal
    run = make_run(
        {"grpo_actor/task_reward/avg": 0.3 + noise(0, 0.05, 126), "eval-rollout/reward": [None] * 125 + [0.3],
         "grpo_actor/grad_norm": noise(1, 0.1, 126), "grpo_actor/entropy/avg": noise(1, 0.1, 126)},
    )  # fmt: skip
    assert len(page(compose([diagnose(run, Settings())])).encode()) <= 350_000


def test_secrets_are_counted():
    """The config says how many values were taken out, and never shows one."""
    html = page(report_of(learning_run(config={"wandb": {"api_key": "0123456789abcdef0123456789abcdef01234567"}})))
    assert "1 secret removed" in html
    assert "0123456789abcdef" not in html


def test_a_run_without_reward_still_has_a_page(make_run):
    """Only a loss was logged: no curve, but checks and the loss."""
    html = page(compose([diagnose(make_run(loss=np.linspace(1, 0.5, 40)), Settings())]))
    assert 'id="checks"' in html
    assert 'id="curve"' not in html


def test_a_reward_that_is_no_accuracy_has_no_percent_axis(make_run):
    """A log-probability keeps its unit on the axis."""
    html = page(compose([diagnose(make_run(reward=np.linspace(-2.4, -1.5, 60)), Settings())]))
    data = json.loads(Parsed(html).blocks["page-data"])
    assert data["charts"]["curve-chart"]["wide"]["parameters"]["yunit"] == ""


def test_hardware_is_drawn_by_step(make_run):
    """GPU load, sampled by seconds, stands among the signals on the run's own axis."""
    seconds = np.arange(0.0, 3000.0, 15.0)
    system = pd.DataFrame({"gpu.0.gpu": 90.0, "gpu.1.gpu": 70.0}, index=pd.Index(seconds, name="seconds"))
    run = make_run({"reward": np.linspace(0, 1, 100), "_runtime": np.arange(100) * 30.0}, system=system)
    parsed = Parsed(page(compose([diagnose(run, Settings())])))
    assert "GPU utilisation" in parsed.text
    data = json.loads(parsed.blocks["page-data"])
    (series,) = data["charts"]["signal-gpu-utilisation"]["series"]["raw"]
    assert set(data["series"][series]["y"]) == {80}


def test_nothing_judged_is_not_called_fine(make_run):
    """Without a known metric the page says that no signal was logged and most checks could not be made."""
    text = Parsed(page(compose([diagnose(make_run({"widgets": np.arange(50.0)}), Settings())]))).text
    assert "No signal of the policy was logged" in text
    assert "could not be made" in text
