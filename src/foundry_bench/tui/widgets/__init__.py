"""One widget, one file; widgets draw what they are given and do no I/O."""
