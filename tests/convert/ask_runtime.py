"""Asks models through Foundry Local's own runtime: FOLDERS in, a JSON list of answers out.

A process of its own, because the runtime's manager is a singleton.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from typing import Any, Final

from foundry_local_sdk import (
    CatalogType,
    ChatSession,
    Configuration,
    FoundryLocalManager,
    LogLevel,
    MessageItem,
    ModelInfoBuilder,
    Request,
    RequestOptions,
    SearchOptions,
)

QUESTION: Final = "Tell me a story of a lighthouse keeper."


def ask(manager: FoundryLocalManager, folder: str, question: str) -> dict[str, Any]:
    """Load the model in `folder`, put one question, unload; greedy, at most 400 tokens.

    `ttft_s` and `decode_s` are the seconds to the first piece of text, and from there to the last.
    """
    card = ModelInfoBuilder().set_string_property("task", "chat-completion")
    model = manager.get_catalog(CatalogType.LOCAL).register_model(folder, "asked:1", card)
    model.load()
    options = RequestOptions(search=SearchOptions(do_sample=False, max_output_tokens=400))
    with ChatSession(model) as session:
        session.set_options(options).set_streaming(True)
        request = Request().add_item(MessageItem.user(question))
        start = time.perf_counter()
        with session.process_streaming_request(request) as stream:
            pieces = [(item.text, time.perf_counter()) for item in stream]
            first, last = pieces[0][1], pieces[-1][1]
            with stream.final_response as final:
                answer = {
                    "text": "".join(text for text, _ in pieces),
                    "tokens": final.get_usage().completion_tokens,
                    "finish": final.finish_reason.name,
                    "ttft_s": first - start,
                    "decode_s": last - first,
                }
    model.unload()
    manager.get_catalog(CatalogType.LOCAL).unregister_model("asked:1")
    return answer


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as state:
        configuration = Configuration(
            app_name="foundry-bench-tests",
            app_data_dir=state,
            model_cache_dir=f"{state}/models",
            log_level=LogLevel.FATAL,
            disable_nonessential_telemetry=True,
        )
        FoundryLocalManager.initialize(configuration)
        runtime = FoundryLocalManager.instance
        json.dump([ask(runtime, folder, QUESTION) for folder in sys.argv[1:]], sys.stdout)
        runtime.close()
