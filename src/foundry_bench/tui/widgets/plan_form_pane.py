"""The form of a plan: each field is checked as one types."""

from dataclasses import dataclass

from textual import events, on, work
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.message import Message
from textual.widgets import Input, Static

from foundry_bench.tui.apart import apart
from foundry_bench.tui.plan_form import FORM, check, texts
from foundry_bench.tui.widgets.form_row import FormRow
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
        self.described = check(base, texts(base, models)).described  # which names no file

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

    async def check(self) -> Plan | str:
        """What the form describes now, read apart: a file of prompts may have changed since it was named."""
        rows = {row.field.name: row for row in self.query(FormRow)}
        checked = await apart(self.app, check, self._base, {name: row.text for name, row in rows.items()})
        for name, row in rows.items():
            row.tell(checked.problems.get(name) if row.changed else None)
        self.described = checked.described
        return self.described

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Say what the field in hand is."""
        row = event.widget.parent
        if isinstance(row, FormRow):
            self.query_one("#hint", Static).update(row.field.told)

    def on_descendant_blur(self) -> None:
        """No field is in hand."""
        self.query_one("#hint", Static).update("")

    @on(Input.Changed)
    def _typed(self) -> None:
        self._check_and_tell()

    @work(exclusive=True)
    async def _check_and_tell(self) -> None:
        self.post_message(self.Changed(await self.check()))
