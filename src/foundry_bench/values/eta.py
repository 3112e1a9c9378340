"""How long a benchmark still takes, from how long it took so far; seconds, or None where nobody can tell yet."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the first paint does not wait for them
    from foundry_bench.values.snapshot import ModelProgress, Snapshot


def model_eta_s(model: "ModelProgress", now_s: float, *, paused_at_s: float | None = None) -> float | None:
    """Time in the stage x what is left of it / what is done of it; time spent paused or between turns does not count.

    While it measures, that is what is left of the model. Before, only the stage's own end can be foreseen.
    """
    if model.status or model.stage is None:
        return 0.0 if model.status else None
    stops = [at_s for at_s in (paused_at_s, model.rested_at_s) if at_s is not None]
    spent_s = min([now_s, *stops]) - model.stage_started_s - model.paused_s
    if model.stage == "measure":
        left = model.requests - model.before - model.sent + model.later
        return spent_s * max(0, left) / model.sent if model.sent else None
    if model.stage == "sweep":
        return spent_s * max(0, model.to_send - model.sent) / model.sent if model.sent else None
    if model.fraction:
        return spent_s * (1 - model.fraction) / model.fraction
    return None


def run_eta_s(snapshot: "Snapshot", now_s: float) -> float | None:
    """The models under way, and for each one that waits the mean of those before it.

    None until the models under way measure, and while a first one of several can't be foreseen.
    """
    waiting = sum(model.stage is None and model.status is None for model in snapshot.models)
    taken = [
        model.finished_s - model.started_s
        for model in snapshot.models
        if model.finished_s is not None and model.started_s is not None and model.status == "ok"
    ]
    left_s, begun = 0.0, []
    for model in snapshot.models:
        if model.stage is None or model.status:
            continue
        measuring = model.stage in {"measure", "sweep", "unload"}
        eta_s = model_eta_s(model, now_s, paused_at_s=snapshot.paused_at_s) if measuring else None
        if eta_s is None and not taken:
            return None
        if eta_s is None:
            eta_s = max(0.0, sum(taken) / len(taken) - (now_s - (model.started_s or now_s)))
        begun.append(now_s - (model.started_s or now_s) + eta_s)
        left_s += eta_s
    taken += begun
    if waiting and not taken:
        return None
    return left_s + (waiting * sum(taken) / len(taken) if waiting else 0.0)


def clock(value_s: float | None) -> str:
    """Seconds to ``0:42``, ``12:05`` or ``1:02:03``; an en dash where they are not known."""
    if value_s is None:
        return "\N{EN DASH}"
    minutes, second = divmod(max(0, round(value_s)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{second:02}" if hours else f"{minutes}:{second:02}"
