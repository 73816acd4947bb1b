"""Experiment trackers other than W&B and TensorBoard: a database, a folder or an archive of each."""
