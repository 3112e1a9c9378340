"""One setting of the form: its name, its value, where the value came from."""

from foundry_bench.tui.plan_form import FormField
from foundry_bench.tui.widgets.form_row import FormRow


class SettingRow(FormRow):
    """Where a value is wrong, that is told in place of its source."""

    DEFAULT_CSS = """
    SettingRow .label { width: 17; }
    SettingRow .told { width: 24; height: auto; }
    SettingRow.-changed .label { text-style: bold; }
    .-narrow SettingRow .told { width: 20; }
    """

    def __init__(self, setting: str, text: str, source: str) -> None:
        super().__init__(FormField(setting, setting.rpartition(".")[2], "not set", long=True), text)
        self._source = source

    def note(self) -> str:
        """That it was changed, or where it came from."""
        return "changed" if self.changed else self._source

    def tell(self, wrong: str | None) -> None:
        """What is wrong, or what there is to note."""
        super().tell(wrong)
        self.set_class(self.changed, "-changed")
