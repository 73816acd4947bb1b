"""What lies beside a run's own record: its config, its rollouts, evals made elsewhere."""
