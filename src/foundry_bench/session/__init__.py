"""The parent side without a screen: inputs, settings, supervision of workers, runs on disk, reports."""
