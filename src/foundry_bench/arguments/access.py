"""The ways to the tool besides a terminal with its name typed out: what they take and are good for."""

from foundry_bench.parser import Commands, Parser


def _completion(parser: Parser) -> None:
    parser.add_argument("shell", choices=("bash", "zsh", "fish", "powershell"), help="the shell that is to complete")


ACCESS: Commands = {
    "completion": (
        "print the script that lets a shell complete commands, options and names",
        _completion,
        """foundry-bench completion bash >> ~/.bashrc
foundry-bench completion zsh >> ~/.zshrc                  (after the line with compinit)
foundry-bench completion fish > ~/.config/fish/completions/foundry-bench.fish
foundry-bench completion powershell >> $PROFILE

It takes effect in the next shell. The names of runs and models are those that the disk holds at that moment.""",
    ),
}
