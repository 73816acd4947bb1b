"""TensorBoard event files: their framing, their events, and the folders they lie in."""
