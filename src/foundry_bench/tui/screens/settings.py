"""The mode Settings: each value, where it came from, and the config file they are saved to."""

import os
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Input, OptionList, Static

from foundry_bench.session.config_file import has_comments, save_config
from foundry_bench.session.fields import FIELDS
from foundry_bench.session.paths import config_path
from foundry_bench.tui.screens.confirm import ConfirmScreen
from foundry_bench.tui.screens.frame import FrameScreen
from foundry_bench.tui.settings_form import SECTIONS, changes, problem, text_of, with_config
from foundry_bench.tui.widgets.form_row import FormInput
from foundry_bench.tui.widgets.setting_row import SettingRow
from foundry_bench.values.errors import InputError


class SettingsScreen(FrameScreen):
    """Sections on the left, the form on the right."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,i", "edit", "edit", key_display="enter", id="settings.edit"),
        Binding("w", "write", "save", id="settings.write"),
        Binding("u", "undo", "undo changes", id="settings.undo"),
        Binding("j", "move(1)", "down", show=False),
        Binding("k", "move(-1)", "up", show=False),
    ]
    DEFAULT_CSS = """
    SettingsScreen {
        #sections-pane { width: 20; }
        #sections { height: 1fr; border: none; background: transparent; padding: 0; }
        #form-pane { width: 1fr; }
        #rows { height: 1fr; }
        #about { height: auto; max-height: 4; margin-top: 1; }
        &.-single #sections-pane { width: 1fr; }
    }
    """

    def compose_body(self) -> ComposeResult:
        """The two panes."""
        with Horizontal(classes="split"):
            with Vertical(id="sections-pane", classes="pane") as pane:
                pane.border_title = "Sections"
                yield OptionList(*SECTIONS, id="sections", compact=True, markup=False)
            with Vertical(id="form-pane", classes="pane") as pane:
                pane.border_title = "Form"
                yield VerticalScroll(id="rows", can_focus=False)
                yield Static(id="about", markup=False)

    def on_mount(self) -> None:
        """The values as they are."""
        self.call_later(self._fill)

    def copied(self) -> str | None:
        """Where the config file is."""
        return str(config_path(os.environ))

    @on(OptionList.OptionHighlighted)
    def _section(self) -> None:
        section = self._section_in_hand()
        for row in self.query(SettingRow):
            row.display = row.field.name in SECTIONS[section]
        self.query_one("#form-pane").border_title = section
        self._tell_file()
        self.rename_panes()

    @on(OptionList.OptionSelected)
    def action_edit(self) -> None:
        """Into the section's first line."""
        self.show_pane(self.query_one("#form-pane"))

    @on(FormInput.Left)
    def _left(self) -> None:
        self.show_pane(self.query_one("#sections-pane"))
        self._tell_file()

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        row = event.input.parent
        if isinstance(row, SettingRow):
            row.tell(problem(row.field.name, row.text))

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """What the setting in hand is for."""
        row = event.widget.parent
        if isinstance(row, SettingRow):
            setting = FIELDS[row.field.name]
            names = ", ".join((*setting.options, *filter(None, [setting.env])))
            self.query_one("#about", Static).update(f"{setting.help}\n{names}")

    def action_write(self) -> None:
        """Save what was changed; asks where comments of the file would be lost."""
        path = config_path(os.environ)
        wrong = next((row for row in self.query(SettingRow) if row.has_class("-wrong")), None)
        if wrong:
            self.notify(
                f"{wrong.field.name} is not right yet: {problem(wrong.field.name, wrong.text)}", severity="error"
            )
            return
        changed = changes(self.bench.settings, self._texts())
        if not changed:
            self.notify("nothing was changed")
        elif has_comments(path):
            question = f"{path} has comments, which saving loses. The file as it is stays in {path.name}.bak."
            self.app.push_screen(ConfirmScreen(question, "save", "back"), lambda yes: self._save() if yes else None)
        else:
            self._save()

    async def action_undo(self) -> None:
        """All values as they were."""
        await self._fill()
        self.notify("all as it was")

    def action_move(self, step: int) -> None:
        """Another section."""
        sections = self.query_one("#sections", OptionList)
        sections.action_cursor_down() if step > 0 else sections.action_cursor_up()

    def _save(self) -> None:
        path, before = config_path(os.environ), self.bench.settings
        changed = changes(before, self._texts())
        try:
            theme = changed.get("screen.theme")
            if theme:
                self.bench.theme = self.bench.wardrobe.take(str(theme))
            backup = save_config(path, changed)
            self.bench.settings = with_config(before, os.environ)
        except (InputError, OSError) as error:
            self.notify(f"not saved: {error}", severity="error")
            return
        stronger = [name for name in changed if before.sources[name] not in {"default", path.name}]
        told = f"saved to {path}" + (f", before: {backup.name}" if backup else "")
        if stronger:
            told += f"; {stronger[0]} from the {before.sources[stronger[0]]} still holds"
        self.notify(told, timeout=10)
        self.call_later(self._fill)

    async def _fill(self) -> None:
        settings, rows = self.bench.settings, self.query_one("#rows")
        await rows.remove_children()
        names = [name for section in SECTIONS.values() for name in section]
        await rows.mount(*(SettingRow(name, text_of(settings.values[name]), settings.sources[name]) for name in names))
        sections = self.query_one("#sections", OptionList)
        sections.highlighted = sections.highlighted or 0
        self._section()

    def _texts(self) -> dict[str, str]:
        return {row.field.name: row.text for row in self.query(SettingRow)}

    def _section_in_hand(self) -> str:
        return list(SECTIONS)[self.query_one("#sections", OptionList).highlighted or 0]

    def _tell_file(self) -> None:
        self.query_one("#about", Static).update(f"w saves to {config_path(os.environ)}")
