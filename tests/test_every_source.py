"""Every source that reads one file keeps the promises of all sources."""

from __future__ import annotations

import json

from areal_writer import record, step
from source_suite import SourceSuite

from tests import wandb_bytes

REWARDS = (0.25, 0.5, 0.75)
ODD = ("0.5", "nan", None)


class TestCsv(SourceSuite):
    source, name = "CSV table", "grpo.csv"

    def sample(self, secret: str = "") -> bytes:
        pairs = enumerate(zip(REWARDS, ODD, strict=True), start=1)
        rows = "".join(f"{at},{reward},{odd or ''},\n" for at, (reward, odd) in pairs)
        return f"step,reward,odd,{secret or 'note'}\n{rows}".encode()


class TestJsonLines(SourceSuite):
    source, name = "JSON rows", "grpo.jsonl"

    def sample(self, secret: str = "") -> bytes:
        odd = ('"odd": 0.5', '"odd": NaN', '"other": 1.5')
        rows = [f'{{"step": {at}, "reward": {reward}, {more}, "{secret or "x"}": 1}}\n'
                for at, (reward, more) in enumerate(zip(REWARDS, odd, strict=True), start=1)]  # fmt: skip
        return "".join(rows).encode()


class TestVerl(SourceSuite):
    source, name = "verl console", "nohup.out"
    reward, odd = "critic/rewards/mean", "actor/kl_loss"

    def sample(self, secret: str = "") -> bytes:
        lines = [f"step:{at} - {self.reward}:{reward}" + (f" - {self.odd}:{odd}" if odd else "") + " - actor/lr:0.5\n"
                 for at, (reward, odd) in enumerate(zip(REWARDS, ODD, strict=True), start=1)]  # fmt: skip
        return f"{{'experiment_name': '{secret or 'exp'}'}}\n{''.join(lines)}".encode()


class TestOpenRlhf(SourceSuite):
    source, name = "OpenRLHF or TRL console", "train.txt"

    def sample(self, secret: str = "") -> bytes:
        lines = [f"Global step {at}: {{'reward': {reward}" + (f", '{self.odd}': {odd}" if odd else "") + "}\n"
                 for at, (reward, odd) in enumerate(zip(REWARDS, ODD, strict=True), start=1)]  # fmt: skip
        return f"token {secret}\n{''.join(lines)}".encode()


class TestTrainerState(SourceSuite):
    source, name = "trainer_state.json", "trainer_state.json"

    def sample(self, secret: str = "") -> bytes:
        rows = [{"step": at, "reward": reward} | ({"odd": float(odd)} if odd else {})
                for at, (reward, odd) in enumerate(zip(REWARDS, ODD, strict=True), start=1)]  # fmt: skip
        return json.dumps({"trial_name": secret or "t", "max_steps": 3, "global_step": 3, "log_history": rows}).encode()


class TestAreal(SourceSuite):
    source, name = "AReaL log", "grpo_seed1.log"
    reward, odd = "grpo_actor/task_reward/avg", "grpo_actor/grad_norm/avg"

    def sample(self, secret: str = "") -> bytes:
        rows = [{self.reward: reward, "grpo_actor/lr/avg": 0.5} | ({self.odd: float(odd)} if odd else {})
                for reward, odd in zip(REWARDS, ODD, strict=True)]  # fmt: skip
        text = "".join(step(at, row, of=3) for at, row in enumerate(rows, start=1))
        return (record("starting") + text + record(f"token {secret}")).encode()


class TestWandb(SourceSuite):
    source, name, packs = "W&B run directory", "run-hand1.wandb", False

    def sample(self, secret: str = "") -> bytes:
        rows = [{"global_step": str(at), "reward": str(reward)} | ({"odd": odd.replace("nan", "NaN")} if odd else {})
                for at, (reward, odd) in enumerate(zip(REWARDS, ODD, strict=True), start=1)]  # fmt: skip
        return wandb_bytes.log([wandb_bytes.run(name=secret or "by hand"),
                                *(wandb_bytes.row(row, step=at) for at, row in enumerate(rows)), wandb_bytes.exited()])
