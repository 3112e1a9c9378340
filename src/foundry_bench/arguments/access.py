"""The ways to the tool besides a terminal with its name typed out: what they take and are good for."""

from foundry_bench.parser import Checked, Commands, Parser, add_screen


def _completion(parser: Parser) -> None:
    parser.add_argument("shell", choices=("bash", "zsh", "fish", "powershell"), help="the shell that is to complete")


def _serve(parser: Parser) -> None:
    from foundry_bench.session.fields import NAME, natural

    port = natural("from 0 to 65535", 0, 65535)
    parser.add_argument(
        "--port", action=Checked, read=port.read, default=8000, metavar="N", help="0 takes a free one (default: 8000)"
    )
    parser.add_argument(
        "--host",
        action=Checked,
        read=NAME.read,
        default="127.0.0.1",
        metavar="ADDRESS",
        help="where to listen (default: 127.0.0.1, which only this machine reaches)",
    )
    add_screen(parser)


ACCESS: Commands = {
    "serve": (
        "show the TUI as a page in a browser, for those without a terminal",
        _serve,
        """foundry-bench serve
foundry-bench serve --port 9000 --theme light
ssh -L 8000:127.0.0.1:8000 box foundry-bench serve

It prints an address with a secret in it; whoever has that can do what you can do on the screen. Each window of a
browser is a screen of its own. A benchmark goes on when its window is closed: 'a' on the Run screen goes back to it.
Nothing on the page comes from elsewhere. It needs the extra: pip install 'foundry-bench[serve]'""",
    ),
    "completion": (
        "print the script that lets a shell complete commands, options and names",
        _completion,
        """foundry-bench completion bash >> ~/.bashrc
foundry-bench completion zsh >> ~/.zshrc
foundry-bench completion fish > \\
    ~/.config/fish/completions/foundry-bench.fish
foundry-bench completion powershell >> $PROFILE

It takes effect in the next shell; in zsh it belongs after the line with compinit. The names of runs and models are
those that the disk holds at that moment.""",
    ),
}
