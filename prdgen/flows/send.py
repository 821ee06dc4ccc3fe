"""branches → remote: what is committed here is pushed there, never forced, never deleted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from anyio import to_thread

from prdgen.flows import remote_state
from prdgen.flows.context import App
from prdgen.flows.remote_state import BranchState, State
from prdgen.git.remote import Remote


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the remote said of our `tip` while its own was `there`."""

    tip: str
    there: str | None
    said: str


async def branches(
    app: App, remote: Remote, names: Iterable[str], there: Mapping[str, str], state: State
) -> dict[str, Refusal]:
    """Push these branches where ours has more; those where somebody was quicker, so fetch again.

    What the remote refuses is noted in `state`, and not asked again before the branch moves or
    some minutes have passed.
    """
    tips = await to_thread.run_sync(_waiting, app, list(names), there, state)
    if not tips:
        return {}
    outcomes = await to_thread.run_sync(remote.push, tips, abandon_on_cancel=True)
    moved = {}
    for name, sent in outcomes.items():
        branch, refusal = state.branch(name), Refusal(tips[name], there.get(name), sent.said)
        branch.refused = branch.refused_tip = ""
        if sent.kind == "taken":
            state.pushed_at = remote_state.now()
            await to_thread.run_sync(remote_state.agree, app, remote.reach.name, name, tips[name])
        elif sent.kind == "refused":
            note(branch, refusal)
        else:
            moved[name] = refusal
    return moved


def note(branch: BranchState, refusal: Refusal) -> None:
    """Have people told of it, and the same commit not sent again at once."""
    branch.refused, branch.refused_tip = refusal.said, refusal.tip
    branch.refused_at = remote_state.now()


def _waiting(app: App, names: list[str], there: Mapping[str, str], state: State) -> dict[str, str]:
    """In a thread: the branches that have commits the remote has not, and may be sent now."""
    found, asked_at = {}, remote_state.asked_at(app)
    for name in names:
        tip, far = app.repository.tip(name), there.get(name)
        if tip is None or tip == far or state.branch(name).is_refused_still(tip, asked_at):
            continue
        if far is None or app.repository.is_ancestor(far, tip):
            found[name] = tip
    return found
