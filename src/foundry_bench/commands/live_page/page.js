// Tells the terminal where its other end is, and how large its letters may be: the TUI wants 60 columns.
const terminal = document.getElementById("terminal");
const here = new URL("ws", location.href);
here.protocol = location.protocol === "https:" ? "wss:" : "ws:";
terminal.dataset.sessionWebsocketUrl = here.href;
const LETTER_WIDTH = 0.61; // of its height
terminal.dataset.fontSize = Math.max(7, Math.min(16, Math.floor(innerWidth / 60 / LETTER_WIDTH)));

// By keyboard alone: what is typed goes to the terminal once it is there, and Enter opens it again once it has ended.
new MutationObserver(() => {
  document.querySelector("body.-closed .ended a, body.-first-byte:not(.-closed) textarea")?.focus();
}).observe(document.body, { attributeFilter: ["class"] });
