"""The mode Report: a run as documents."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import OptionList, Static

from foundry_bench.session.atomic import write_atomically
from foundry_bench.session.formats import FORMATS
from foundry_bench.session.reports import NAME, render
from foundry_bench.session.rules import folder
from foundry_bench.session.run_list import find_run
from foundry_bench.session.run_view import open_run
from foundry_bench.tui.apart import apart
from foundry_bench.tui.drawn.safe_text import safe_lines
from foundry_bench.tui.nothing_recorded import why_nothing
from foundry_bench.tui.screens.frame import FrameScreen
from foundry_bench.tui.widgets.form_row import FormInput
from foundry_bench.tui.widgets.format_list import FormatList
from foundry_bench.values.errors import InputError
from foundry_bench.values.format import one_line

_PREVIEWED = 30_000


class ReportScreen(FrameScreen):
    """Formats and the path on the left, what will be written on the right."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "write", "write", id="report.write"),
        Binding("v", "preview", "preview", id="report.preview"),
        Binding("i", "edit_path", "path", id="report.path"),
        Binding("y", "copy", "copy path", id="copy"),
        Binding("j", "scroll_by(1)", "down", show=False),
        Binding("k", "scroll_by(-1)", "up", show=False),
    ]
    DEFAULT_CSS = """
    ReportScreen {
        #formats-pane { width: 36; }
        &.-single #formats-pane { width: 1fr; }
        #run-name, #path-name, #written { height: auto; margin-top: 1; }
        &.-short #run-name, &.-short #path-name, &.-short #written { margin-top: 0; }
        #preview-pane { width: 1fr; scrollbar-gutter: stable; }
        #preview { height: auto; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._path: Path | None = None
        self._written: tuple[Path, ...] = ()

    def compose_body(self) -> ComposeResult:
        """Two panes."""
        with Horizontal(classes="split"):
            with Vertical(id="formats-pane", classes="pane") as pane:
                pane.border_title = "Report"
                yield FormatList(FORMATS, self.bench.options.glyphs.marked)
                yield Static(id="run-name", markup=False)
                yield Static("Path, without its ending (i edits it):", id="path-name", markup=False)
                yield FormInput(compact=True, id="path")
                yield Static(id="written", markup=False)
            with VerticalScroll(id="preview-pane", classes="pane", can_focus=True) as pane:
                pane.border_title = "Preview"
                yield Static(id="preview", markup=False)

    def on_screen_resume(self) -> None:
        """The chosen run, or the last one."""
        self.load()

    @work(exclusive=True, group="load")
    async def load(self) -> None:
        """Find the run, and propose a path in its folder."""
        try:
            path = self.bench.chosen_run
            if path is None:
                path = await apart(self.app, find_run, self.bench.settings.out, "last")
        except InputError as error:
            why = await apart(self.app, why_nothing, self.bench.settings.out, self.bench.chosen_run, error)
            self.query_one("#run-name", Static).update(why)
            return
        if path != self._path:
            self._path, self._written = path, ()
            self.query_one(FormInput).value = str(path / NAME)
            self.query_one("#written", Static).update("")
        self.query_one("#run-name", Static).update(f"Run {one_line(path.name)}")
        self.draw_preview()

    @on(OptionList.OptionHighlighted)
    def _highlighted(self) -> None:
        self.draw_preview()

    @work(exclusive=True, group="preview")
    async def draw_preview(self) -> None:
        """Show the document of the format in hand."""
        form = self.query_one(FormatList).in_hand
        if self._path is None:
            return
        try:
            document = await apart(self.app, _preview, self._path, form)
        except InputError as error:
            document = str(error)
        self.query_one("#preview-pane").border_title = f"Preview {form}"
        self.query_one("#preview", Static).update(safe_lines(document, _PREVIEWED))

    @work(exclusive=True, group="write")
    async def action_write(self) -> None:
        """Write the marked formats beside each other."""
        chosen = self.query_one(FormatList).marked
        stem = self.query_one(FormInput).value.strip()
        if self._path is None or not chosen or not stem:
            self.notify("mark a format with space, and give a path")
            return
        lines, written = [], []
        for form in chosen:
            file = f"{stem}.{form}"
            try:
                file = await apart(self.app, _write, self._path, form, file)
            except (InputError, OSError, ValueError) as error:
                lines.append(f"{file}: {getattr(error, 'strerror', None) or one_line(str(error))}")
            else:
                written.append(Path(file))
        self._written = tuple(written)
        self.query_one("#written", Static).update("\n".join([*_told(written), *lines]))
        self.notify(
            f"wrote {len(written)} of {len(chosen)}; y copies the path", severity="error" if lines else "information"
        )

    def action_preview(self) -> None:
        """To the preview."""
        self.show_pane(self.query_one("#preview-pane"))

    def action_edit_path(self) -> None:
        """Into the path."""
        self.query_one(FormInput).focus()

    @on(FormInput.Left)
    def _path_left(self) -> None:
        self.query_one("#formats").focus()

    def action_scroll_by(self, step: int) -> None:
        """A line on in the preview."""
        self.query_one("#preview-pane").scroll_relative(y=step, animate=False)

    def copied(self) -> str | None:
        """What was written, a path a line; before that, where it would be."""
        paths = self._written or ([self.query_one(FormInput).value] if self._path else ())
        return "\n".join(map(str, paths)) or None


def _told(written: Sequence[Path]) -> Iterator[str]:
    """What was written: the folder, which is absolute, and the names in it."""
    if len(written) == 1:
        yield f"wrote {written[0]}"
    elif written:
        yield f"wrote in {written[0].parent}:"
        yield from (f"  {path.name}" for path in written)


def _render(run: Path, form: str) -> str:
    return render([open_run(run.parent, run)], form)


def _preview(run: Path, form: str) -> str:
    """What will be written; of a page for browsers its size, and the same sections as text."""
    if form != "html":
        return _render(run, form)
    size = len(_render(run, form).encode())
    return f"A page of {size / 1000:,.0f} kB for a browser, with charts and these sections:\n\n{_render(run, 'md')}"


def _write(run: Path, form: str, name: str) -> str:
    """Write a report; the absolute path of the file.

    Raises:
        InputError: the run can't be read, or it is no path.
        OSError: the file can't be written.
    """
    file = Path(folder(name, "the path")).absolute()
    write_atomically(file, _render(run, form).encode())
    return str(file)
