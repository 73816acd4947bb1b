"""`python -m benchmarks`: every benchmark in turn, each ratio taken in one run."""

import subprocess
import sys

BENCHMARKS = ("wandb_reading", "log_reading", "store_reading", "report_cost", "fetching", "watching", "many_runs")


def main() -> None:
    """Runs each benchmark in a process of its own."""
    for name in BENCHMARKS:
        print(f"\n== {name} ==", flush=True)
        subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=True)


if __name__ == "__main__":
    main()
