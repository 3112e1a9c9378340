"""``python -m foundry_bench`` is the command ``foundry-bench``."""

from foundry_bench.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
