"""What AReaL writes: its text logs, the config beside them, the answers of its evals."""
