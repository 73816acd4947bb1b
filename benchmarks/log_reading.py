"""Reading a large AReaL log: `python -m benchmarks.log_reading [MB]`.

Prints MB/s and peak memory of areal_log.read for every metric and for those with a role, each as a ratio to
a plain pass over the lines of the same file, taken in the same run.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks import ways

FOLDER = Path("build/bench")
NOISE = 60  # lines of other loggers a step, as the real consoles have
STAMP = "20251122-{:02}:{:02}:{:02}.{:03} "
PHASES = ("rollout", "recompute_logp", "compute_advantage", "train_step", "update_weights", "save", "eval")
BATCH = ("task_reward", "advantages", "kl_rewards", "final_reward", "seq_len", "prompt_len", "no_eos_ratios")
UPDATE = ("actor_loss", "approx_kl", "behave_approx_kl", "entropy", "importance_weight", "clip_ratio", "new_logp",
          "old_logp", "dual_clip_ratio", "vocab_min_logits", "vocab_max_logits")  # fmt: skip


def main() -> None:
    """Makes the log once, then times each reading in a process of its own."""
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    path = FOLDER / f"areal_{megabytes}mb" / "trainer.log"
    if not path.exists():
        write(path, megabytes)
    size = path.stat().st_size / 1e6
    plain = ways.measured("benchmarks.log_reading", "plain", path)
    print(f"{size:,.0f} MB of AReaL log\n{'':>16}  {'s':>6} {'MB/s':>7} {'ratio':>6} {'peak MB':>8}")
    for way in ("plain", "roles", "every metric"):
        seconds, peak = plain if way == "plain" else ways.measured("benchmarks.log_reading", way, path)
        print(f"{way:>16}  {seconds:6.2f} {size / seconds:7.0f} {seconds / plain[0]:6.2f} {peak:8.0f}")


def _ways() -> dict[str, Callable[[str], object]]:
    from reportgen.sources import Playing
    from reportgen.sources.areal import log as areal_log

    return {
        "plain": _plain,
        "roles": lambda path: areal_log.read(path, keep=Playing()),
        "every metric": areal_log.read,
    }


def _plain(path: str) -> int:
    """How many lines a file has, each looked at once."""
    with Path(path).open("rb") as lines:
        return sum(b"Train step" in line for line in lines)


def write(path: Path, megabytes: int) -> None:
    """A log of AReaL 0.5.2's shape: 98 metrics a step in a fancy grid, and other loggers' lines between."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draw, step = random.Random(7), 0
    with path.open("w", encoding="utf-8") as log:
        while log.tell() < megabytes * 1_000_000:
            step += 1
            stamp = STAMP.format(step // 3600 % 24, step // 60 % 60, step % 60, 0)
            noise = f"\x1b[37m{stamp}[FSDP Engine Rank 0] INFO: Microbatch #tokens: [3965, 3023], padded\x1b[0m\n"
            own = f"\x1b[92m{stamp}StatsLogger INFO: "
            log.write(noise * NOISE + f"{own}Epoch 1/1 Step {step}/99999 Train step {step}/99999 done.\x1b[0m\n")
            log.write(f"{own}Stats (1/1):\x1b[0m\n{own}\n")
            log.write(table({name: draw.random() for name in names()}) + "\x1b[0m\n")


def names() -> list[str]:
    """Metric names as AReaL 0.5.2 logs them."""
    spread = [f"ppo_actor/{name}/{part}" for name in BATCH for part in ("avg", "max", "min")]
    update = [f"ppo_actor/update/{name}/{part}" for name in UPDATE for part in ("avg", "max", "min")]
    return [f"timeperf/{phase}" for phase in PHASES] + spread + update + ["ppo_actor/update/lr", "rollout/reward"]


def table(row: dict[str, float], pairs: int = 4) -> str:
    """The row as tabulate's fancy_grid draws it, filled column by column; thousands of times faster."""
    cells = [(name, f"{value: .4e}") for name, value in row.items()]
    height = -(-len(cells) // pairs)
    columns = [cells[at * height : (at + 1) * height] for at in range(pairs)]
    widths = [max(len(name) for name, _ in column) for column in columns]
    rule = "┼".join("─" * (width + 2) + "┼" + "─" * 13 for width in widths)
    lines = []
    for at in range(height):
        drawn = [column[at] if at < len(column) else ("", "") for column in columns]
        pairs_drawn = (f" {name:<{width}} │ {value:>11} " for (name, value), width in zip(drawn, widths, strict=True))
        lines.append(f"│{'│'.join(pairs_drawn)}│")
    head = rule.replace("─", "═").replace("┼", "╤")
    return f"╒{head}╕\n" + f"\n├{rule}┤\n".join(lines) + f"\n╘{head.replace('╤', '╧')}╛"


if __name__ == "__main__":
    if len(sys.argv) == 3:
        ways.once(_ways()[sys.argv[1]], sys.argv[2])
    else:
        main()
