"""One setting of the form: its name, its value, where the value came from."""

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Static

from foundry_bench.tui.widgets.form_row import FormInput


class SettingRow(Horizontal):
    """Where a value is wrong, that is told in place of its source."""

    DEFAULT_CSS = """
    SettingRow { height: auto; width: 1fr; }
    SettingRow .label { width: 17; height: 1; }
    SettingRow FormInput { width: 1fr; height: 1; border: none; padding: 0 1; background: $surface; }
    SettingRow FormInput:focus { border: none; background: $panel; }
    SettingRow .source { width: 24; height: auto; padding: 0 1; }
    SettingRow.-wrong .label, SettingRow.-wrong .source { color: $error; text-style: bold; }
    SettingRow.-changed .label { text-style: bold; }
    .-narrow SettingRow .source { width: 20; }
    """

    def __init__(self, setting: str, text: str, source: str) -> None:
        super().__init__()
        self.setting = setting
        self._was = text
        self._source = source

    def compose(self) -> ComposeResult:
        """Label, input, source."""
        yield Static(self.setting.rpartition(".")[2], classes="label", markup=False)
        yield FormInput(self._was, placeholder="not set", compact=True, select_on_focus=False)
        yield Static(self._source, classes="source", markup=False)

    @property
    def text(self) -> str:
        """What stands in it."""
        return self.query_one(FormInput).value

    def tell(self, wrong: str | None) -> None:
        """What is wrong; that it was changed; or where it came from."""
        changed = self.text.strip() != self._was.strip()
        self.query_one(".source", Static).update(wrong or ("changed" if changed else self._source))
        self.set_class(bool(wrong), "-wrong")
        self.set_class(changed, "-changed")
