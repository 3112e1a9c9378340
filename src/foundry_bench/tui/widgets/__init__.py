"""A widget a file, and the lines of which a form is made; widgets draw what they are given and do no I/O."""
