"""The one error a person causes and a person mends."""


class InputError(ValueError):
    """Bad input. Its text is one line: what is wrong, where, and how to mend it. The command ends with exit code 2."""
