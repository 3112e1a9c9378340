"""The form of a plan: each field is checked as one types."""

from dataclasses import dataclass

from textual import events, on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.message import Message
from textual.widgets import Input, Static

from foundry_bench.tui.plan_form import FORM, plan_of, problem, texts
from foundry_bench.tui.widgets.form_row import FormRow
from foundry_bench.values.errors import InputError
from foundry_bench.values.plan import Plan


class PlanForm(VerticalScroll, can_focus=False):
    """``described`` is the plan, or what is wrong while it is none."""

    DEFAULT_CSS = "PlanForm #hint { height: auto; margin-top: 1; text-style: italic; }"

    @dataclass
    class Changed(Message):
        """Something was typed; what the form describes now."""

        described: Plan | str

    def __init__(self, base: Plan, models: tuple[str, ...], *, id: str, classes: str) -> None:  # noqa: A002 - Textual's name for it
        super().__init__(id=id, classes=classes)
        self._base = base
        self._models = models

    def compose(self) -> ComposeResult:
        """A row a field."""
        written = texts(self._base, self._models)
        for field in FORM:
            yield FormRow(field, written[field.name])
        yield Static(id="hint", markup=False)

    def take_models(self, models: tuple[str, ...]) -> None:
        """Other models were marked."""
        if models != self._models:
            self._models = models
            self.query_one("#row-models", FormRow).text = ", ".join(models)

    @property
    def described(self) -> Plan | str:
        """The plan, or what to mend first."""
        try:
            return plan_of(self._base, {row.field.name: row.text for row in self.query(FormRow)})
        except InputError as error:
            return str(error)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Say what the field in hand is."""
        row = event.widget.parent
        if isinstance(row, FormRow):
            self.query_one("#hint", Static).update(row.field.told)

    def on_descendant_blur(self) -> None:
        """No field is in hand."""
        self.query_one("#hint", Static).update("")

    @on(Input.Changed)
    def _check(self, event: Input.Changed) -> None:
        row = event.input.parent
        if isinstance(row, FormRow):
            row.tell(problem(row.field.name, row.text))
        self.post_message(self.Changed(self.described))
