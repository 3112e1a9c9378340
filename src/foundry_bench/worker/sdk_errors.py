"""What the Foundry Local SDK raises, as a reason in one line with a mend."""

import contextlib
import re
from collections.abc import Iterator

import psutil

from foundry_bench.values.format import brief
from foundry_bench.worker.backend import ModelUnavailableError

_ADVICE = {
    "load_failed": "the model's files may be damaged: remove the model and download or import it again",
    "register_failed": "the folder must be a complete ONNX Runtime GenAI model",
    "download_failed": "check the connection and the free disk space, then run again: a download resumes",
    "runtime_failed": "install the library that is named as missing; else reinstall foundry-local-sdk, and check that "
    "the data folder can be written",
    "unload_failed": "end the process that uses it",
    "remove_failed": "unload the model first, and check that its folder may be written",
}
_NO_MEMORY = ("bad_alloc", "bad allocation", "out of memory", "failed to allocate")
_NO_SPACE = ("no space left", "not enough space", "disk full")
_REGISTRY = "api.azureml.ms"
_ANSWERS = {"403": "forbidden", "401": "forbidden", "404": "not_found"}
_WHY = {
    "forbidden": "a proxy, a firewall or the service itself does not let this machine in",
    "not_found": "it may have been withdrawn: see `foundry-bench models` for what there is now",
    "offline": "check the network, and HTTPS_PROXY where this machine needs a proxy",
}


@contextlib.contextmanager
def explained(kind: str, what: str, *, skipped: bool = False) -> Iterator[None]:
    """Turns whatever the SDK raises into a reason with a mend.

    Raises:
        ModelUnavailableError: in place of any exception.
    """
    try:
        yield
    except ModelUnavailableError:
        raise
    except Exception as error:  # the SDK raises FoundryLocalException, RuntimeError and native errors alike
        text = str(error)
        if _holds(text, _NO_MEMORY):
            raise ModelUnavailableError(
                "out_of_memory", f"{what}: not enough memory", "close other programs or choose a smaller variant"
            ) from error
        raise ModelUnavailableError(
            kind, f"{what}: {_essence(text)}", _ADVICE.get(kind, ""), skipped=skipped
        ) from error


@contextlib.contextmanager
def explained_download() -> Iterator[None]:
    """Tells why a download failed: ``offline``, ``forbidden``, ``not_found``, ``disk_full``, ``http_503`` or others.

    Raises:
        ModelUnavailableError: in place of any exception; it names the host that failed.
    """
    try:
        with explained("download_failed", "the download failed", skipped=True):
            yield
    except ModelUnavailableError as error:
        found = _download_failure(str(error.__cause__ or error))
        if found is None:
            raise
        kind, message = found
        raise ModelUnavailableError(kind, message, _WHY.get(kind, _ADVICE["download_failed"]), skipped=True) from error


def _download_failure(text: str) -> tuple[str, str] | None:
    """Kind and line of the failures that are known by their words."""
    regions = re.findall(r"(\w+)\((transport failure|HTTP \d+)\)", text)
    if regions:
        hosts = f"{regions[0][0]}.{_REGISTRY} and {len(regions) - 1} more"
        if all(reason == "transport failure" for _, reason in regions):
            return "offline", f"no connection to the model registry ({hosts})"
        status = next(reason.split()[1] for _, reason in regions if reason != "transport failure")
        return _ANSWERS.get(status, f"http_{status}"), f"the model registry ({hosts}) answered {status}"
    if (found := re.search(r"model registry API request failed.*?HTTP (\d+)", text, re.DOTALL)) is not None:
        return _ANSWERS.get(found[1], f"http_{found[1]}"), f"the model registry (*.{_REGISTRY}) answered {found[1]}"
    if (found := re.search(r"failed to download blob '([^']*)': (\d{3}) ?(\w*)", text)) is not None:
        kind = _ANSWERS.get(found[2], f"http_{found[2]}")
        return kind, f"the file store ({_peers()}) answered {found[2]} {found[3]} for {brief(found[1])}"
    if _holds(text, _NO_SPACE):
        return "disk_full", "the disk is full"
    return None


def _peers() -> str:
    """The hosts that this process is connected with: the SDK doesn't name the one it downloads from."""
    peers = set[str]()
    with contextlib.suppress(psutil.Error, OSError):
        for connection in psutil.Process().net_connections("tcp"):
            if connection.raddr:
                peers.add(f"{connection.raddr.ip}:{connection.raddr.port}")
    return ", ".join(sorted(peers)[:3]) or "*.blob.core.windows.net"


def _holds(text: str, signs: tuple[str, ...]) -> bool:
    return any(sign in text.lower() for sign in signs)


def _essence(text: str) -> str:
    """The last clause of a native error, without the C++ signatures and source lines before it."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    line = lines[0] if lines else "no reason given"
    for mark in (">*) ", "(...) ", "() const ", "&) ", "*) "):
        line = line.rpartition(mark)[2]
    return brief(line)
