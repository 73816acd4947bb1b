"""Pictures of the pages: `python -m tests.shots README_DIR ALL_DIR` (`make shots`).

One run, six trials and forty: what README shows, and all of them in both schemes, on a wide screen
and a phone, and printed, for a good look.
"""

import sys
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, sync_playwright

import reportgen
from sample_runs import make
from tests.browser import FLAGS, executable

SAMPLES = Path(make.__file__).parent
WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


def pages() -> dict[str, str]:
    """Name -> page: the twin of the reference run, all samples, and forty made trials."""
    samples = [reportgen.read(spec) for spec in reportgen.find(str(SAMPLES))]
    judged = {run.name: reportgen.diagnose(run, reportgen.Settings(reference="trial1109_2")) for run in samples}
    many = [reportgen.diagnose(trial(number)) for number in range(40)]
    return {
        "run": reportgen.page(reportgen.compose([judged["trial1109_2"]])),
        "comparison": reportgen.page(reportgen.compose(judged.values())),
        "forty": reportgen.page(reportgen.compose(many)),
    }


def trial(number: int) -> reportgen.Run:
    """One of many trials of a sweep."""
    draw = np.random.default_rng(number)
    rate, size = float(draw.choice([1e-6, 3e-6, 1e-5])), int(draw.choice([32, 64, 128]))
    step = np.arange(1, 201)
    chance = 0.18 + (0.1 + 0.05 * np.log10(rate / 1e-7)) * (1 - np.exp(-step / draw.uniform(20, 90)))
    rewards = draw.binomial(size * 8, chance) / (size * 8)
    evals = np.where(step % 50 == 0, draw.binomial(1319, chance) / 1319, np.nan)
    return reportgen.from_rows(
        {"step": step, "train/accuracy": rewards, "eval/accuracy": evals, "_timestamp": 1.7627e9 + 30.0 * step},
        id=f"sweep{number}", name=f"sweep-{number:02d}", source="tests/shots.py", state="finished",
        config={"lr": rate, "batch_size": size, "seed": number, "dataset": "gsm8k"},
    )  # fmt: skip


def shoot(browser: Browser, name: str, page: Path, folder: Path) -> None:
    """A page in light and dark, wide and on a phone, and its first screen."""
    for scheme in ("light", "dark"):
        for size, view in (("", WIDE), ("-phone", PHONE)):
            opened = browser.new_page(viewport=view, color_scheme=scheme)
            opened.goto(page.as_uri())
            height = opened.evaluate("document.documentElement.scrollHeight")
            for top in range(0, height, 500):
                opened.evaluate(f"scrollTo(0, {top})")
                opened.wait_for_timeout(60)
            opened.wait_for_timeout(600)
            opened.evaluate("scrollTo(0, 0)")
            opened.screenshot(path=folder / f"{name}-{scheme}{size}.png", full_page=True)
            opened.close()
    opened = browser.new_page(viewport=WIDE)
    opened.goto(page.as_uri())
    opened.pdf(path=folder / f"{name}.pdf", format="A4")
    opened.close()


def cover(browser: Browser, name: str, page: Path, folder: Path) -> None:
    """The top of a page, as README shows it."""
    opened = browser.new_page(viewport={"width": 1280, "height": 1240})
    opened.goto(page.as_uri())
    opened.wait_for_timeout(2500)
    opened.screenshot(path=folder / f"{name}.png")
    opened.close()


def main(covers: Path, folder: Path) -> None:
    """Every page in every shape, and the covers for README."""
    for place in (covers, folder):
        place.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=list(FLAGS))
        for name, text in pages().items():
            page = (folder / f"{name}.html").resolve()
            page.write_text(text, encoding="utf-8")
            cover(browser, name, page, covers)
            shoot(browser, name, page, folder)
        browser.close()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
