"""foundry-bench: measure, rate and compare small language models on this device."""

__version__ = "0.1.0"
