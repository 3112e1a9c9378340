"""The mode Compare: two models, of one run or of two."""

from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Static

from foundry_bench.session.sides import Choice, choices, differences, offered
from foundry_bench.tui.apart import apart
from foundry_bench.tui.drawn.difference_list import as_stack, as_table
from foundry_bench.tui.drawn.signs import signs
from foundry_bench.tui.nothing_recorded import nothing_recorded
from foundry_bench.tui.screens.frame import FrameScreen
from foundry_bench.tui.screens.pick import PickScreen
from foundry_bench.values.comparison import Difference
from foundry_bench.values.errors import InputError
from foundry_bench.values.format import one_line
from foundry_bench.values.votes import WinRate

_SPACIOUS = 90


class CompareScreen(FrameScreen):
    """B against A: the change, its interval, and what it amounts to in a word."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "pick('a')", "choose A", id="compare.a"),
        Binding("b", "pick('b')", "choose B", id="compare.b"),
        Binding("v", "swap", "swap", id="compare.swap"),
        Binding("j", "scroll_by(1)", "down", show=False),
        Binding("k", "scroll_by(-1)", "up", show=False),
    ]
    DEFAULT_CSS = """
    CompareScreen {
        #compare-pane { height: 1fr; }
        #sides { height: 2; margin-bottom: 1; text-wrap: nowrap; text-overflow: ellipsis; }
        #differences { height: auto; }
        #remarks { height: auto; margin-top: 1; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._sides: dict[str, Choice] = {}
        self._offered: tuple[Choice, ...] = ()
        self._differences: tuple[Difference, ...] = ()
        self._votes: WinRate | None = None
        self._problem = ""

    def compose_body(self) -> ComposeResult:
        """Who against whom, and the differences."""
        with Vertical(id="compare-pane", classes="pane") as pane:
            pane.border_title = "Compare"
            yield Static(id="sides", markup=False)
            with VerticalScroll(id="list"):
                yield Static(id="differences", markup=False)
                yield Static(id="remarks", markup=False)

    def on_screen_resume(self) -> None:
        """Offer what was recorded in the meantime."""
        self.load()

    @on(events.Resize)
    def _resized(self) -> None:
        """Stacked or in columns."""
        self.call_after_refresh(self._draw)

    async def compare_runs(self, base: Path, new: Path) -> None:
        """Compare two runs: the first model that both have, or else the first of each."""
        try:
            first, second = [await apart(self.app, choices, path) for path in (base, new)]
        except InputError as error:
            self.notify(str(error), severity="error")
            return
        if first and second:
            names = [choice.model for choice in second]
            one = next((choice for choice in first if choice.model in names), first[0])
            other = next((choice for choice in second if choice.model == one.model), second[0])
            self._sides = {"a": one, "b": other}
            self.compute()

    @work(exclusive=True, group="load")
    async def load(self) -> None:
        """Find what can be compared; at first the last run's two first models."""
        problem = ""
        try:
            self._offered = await apart(self.app, offered, self.bench.settings.out)
        except (InputError, OSError) as error:
            self._offered, problem = (), one_line(str(error))
        if not self._sides:
            self._problem = problem
            if len(self._offered) > 1:
                self._sides = dict(zip("ab", self._offered, strict=False))
                self.compute()
        self._draw()

    @work(exclusive=True, group="compute")
    async def compute(self) -> None:
        """Compare in a thread."""
        self._differences, self._votes, self._problem = (), None, "comparing ..."
        self._draw()
        try:
            self._differences, self._votes = await apart(self.app, differences, self._sides["a"], self._sides["b"])
            self._problem = "" if self._differences else "there is no figure that both sides have"
        except InputError as error:
            self._problem = one_line(str(error))
        self._draw()

    def action_pick(self, side: str) -> None:
        """Choose one side from a list."""
        listed = self._offered  # while the list is open others may be offered

        def chosen(index: int | None) -> None:
            if index is not None:
                self._sides[side] = listed[index]
                if len(self._sides) == 2:
                    self.compute()
                self._draw()

        if listed:
            self.app.push_screen(PickScreen(f"{side.upper()} is", [str(one) for one in listed]), chosen)

    def action_swap(self) -> None:
        """A for B."""
        if len(self._sides) == 2:
            self._sides = {"a": self._sides["b"], "b": self._sides["a"]}
            self.compute()

    def action_scroll_by(self, step: int) -> None:
        """Scroll by a line."""
        self.query_one("#list").scroll_relative(y=step, animate=False)

    def copied(self) -> str | None:
        """The two sides by name."""
        return "\n".join(f"{side.upper()} {choice}" for side, choice in self._sides.items()) or None

    def _draw(self) -> None:
        sides = Text()
        for side in "ab":
            name = one_line(str(self._sides[side])) if side in self._sides else f"press {side} to choose"
            sides.append(f"{side.upper()} ", "bold")
            sides.append(f"{name}\n" if side == "a" else name)
        self.query_one("#sides", Static).update(sides)
        sign = signs(ascii_only=self.bench.options.ascii)
        if self._differences:
            stacked, spacious = self.has_class("-narrow"), self.size.width >= _SPACIOUS
            drawn = as_stack(self._differences, sign) if stacked else as_table(self._differences, sign, counts=spacious)
            self.query_one("#differences", Static).update(drawn)
            self.query_one("#remarks", Static).update("\n".join(self._remarks()))
        else:
            few = "Record a run with two models, or two runs: g m, mark with space, r runs."
            hint = few if self._offered else nothing_recorded(self.bench.settings.out)
            self.query_one("#differences", Static).update(self._problem or (hint if len(self._sides) < 2 else ""))
            self.query_one("#remarks", Static).update("")

    def _remarks(self) -> list[str]:
        a, b = self._sides["a"], self._sides["b"]
        shared = max(one.prompts for one in self._differences)
        base, new = dict(a.prompts), dict(b.prompts)
        changed = [prompt for prompt in base.keys() & new.keys() if base[prompt] != new[prompt]]
        lines = [f"Prompt against prompt, over {shared} that both have." if shared else "They share no prompt."]
        if changed:
            lines.append(f"Careful: {', '.join(map(one_line, sorted(changed)))} differ in text between the runs.")
        if self._votes:
            lines.append(f"Votes: B {self._votes.sentence}.")
        lines.append("unclear: the interval holds 0, so the data can't tell; that is no proof of sameness.")
        return lines
