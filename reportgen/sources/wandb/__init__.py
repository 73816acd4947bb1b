"""What Weights & Biases keeps: run directories, `.wandb` files, its servers."""
