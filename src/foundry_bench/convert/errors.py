"""The one error a conversion raises."""


class ConvertError(ValueError):
    """A model that cannot be converted; its text is one line: where, what, and how to mend it."""
