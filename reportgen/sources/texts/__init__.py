"""Texts and tables of other trainers: consoles, CSV, JSON Lines, trainer_state.json."""
