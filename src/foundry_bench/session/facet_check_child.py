"""``python -m foundry_bench.session.facet_check_child SECONDS``: checks that may never end, in a process that does.

A line of JSON in, ``[kind, rule, text]``, gives a line of JSON out, ``[met, why]``. The process ends without one when a
check takes more than so many seconds.
"""

import faulthandler
import json
import re
import sys
from typing import Any


def met(kind: str, rule: Any, text: str) -> tuple[bool, str]:
    """Whether a text meets a ``regex`` or a ``json_schema``, and why not."""
    if kind == "regex":
        found = re.search(rule, text) is not None
        return found, "pattern found" if found else "pattern not found"
    import fastjsonschema

    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        return False, f"not JSON: {error}"
    try:
        fastjsonschema.compile(rule)(document)
    except fastjsonschema.JsonSchemaException as error:
        return False, f"not by the schema: {error}"
    return True, "JSON by the schema"


def main() -> None:
    """Answer line by line until the input closes."""
    limit_s = float(sys.argv[1])
    for line in sys.stdin.buffer:
        # A pattern that runs lets no other Python run, neither a thread nor a signal's handler; this timer needs none.
        faulthandler.dump_traceback_later(limit_s, exit=True)
        answer = json.dumps(met(*json.loads(line))).encode() + b"\n"
        faulthandler.cancel_dump_traceback_later()
        sys.stdout.buffer.write(answer)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
