"""The child process: engine, backends and everything that touches a clock or a model."""
