"""A line of a form: its name, what one types, and what is wrong with it."""

from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from foundry_bench.tui.plan_form import FormField


class FormInput(Input):
    """Enter and Escape both leave it; up and down go to the line before and after.

    What stands in it is selected when it is entered, so that typing replaces it and left and right edit it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,escape", "leave", "done", key_display="enter"),
        Binding("up", "app.focus_previous", "line before", show=False),
        Binding("down", "app.focus_next", "next line", show=False),
    ]

    @dataclass
    class Left(Message):
        """The cursor leaves the form."""

    def action_leave(self) -> None:
        """Out of the form, so that letters are keys again."""
        self.post_message(self.Left())


class FormRow(Horizontal):
    """What is wrong stands beside the input."""

    DEFAULT_CSS = """
    FormRow { height: auto; width: 1fr; }
    FormRow .label { width: 12; height: 1; color: $foreground; }
    FormRow FormInput { width: 1fr; height: 1; border: none; padding: 0 1; background: $surface; }
    FormRow FormInput:focus { border: none; background: $panel; }
    FormRow.-short-value FormInput { width: 14; }
    FormRow .told { width: 1fr; padding: 0 1; color: $foreground; }
    FormRow.-wrong .label, FormRow.-wrong .told { color: $error; text-style: bold; height: auto; }
    """

    def __init__(self, field: FormField, text: str) -> None:
        super().__init__(id=f"row-{field.name.replace('.', '-')}")
        self.field = field
        self.was = text
        self.set_class(not field.long, "-short-value")

    def compose(self) -> ComposeResult:
        """Label, input, message."""
        yield Static(self.field.label, classes="label", markup=False)
        yield FormInput(self.was, placeholder=self.field.hint, compact=True)
        yield Static("", classes="told", markup=False)

    def on_mount(self) -> None:
        """Nothing is wrong yet."""
        self.tell(None)

    @property
    def text(self) -> str:
        """What stands in it."""
        return self.query_one(FormInput).value

    @text.setter
    def text(self, text: str) -> None:
        self.query_one(FormInput).value = text

    @property
    def changed(self) -> bool:
        """Whether something else stands in it than in the beginning."""
        return self.text.strip() != self.was.strip()

    def note(self) -> str:
        """What stands beside it while nothing is wrong."""
        return ""

    def tell(self, wrong: str | None) -> None:
        """What is wrong, or that nothing is."""
        told, text = self.query_one(".told", Static), wrong or self.note()
        told.update(text)
        told.display = bool(text)
        self.set_class(bool(wrong), "-wrong")
