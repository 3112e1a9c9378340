"""One file a command of ``foundry-bench``: what it does without a screen."""
