"""branches → remote: what is committed here is pushed there, never forced, never deleted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from anyio import to_thread

from prdgen.flows import remote_state
from prdgen.flows.context import App
from prdgen.flows.remote_state import State
from prdgen.git.remote import Remote


async def branches(
    app: App, remote: Remote, names: Iterable[str], there: Mapping[str, str], state: State
) -> bool:
    """Push these branches where ours has more; False: somebody was quicker, so fetch again.

    What the remote refuses is noted in `state`, and not asked again before the branch moves or
    some minutes have passed.
    """
    tips = await to_thread.run_sync(_waiting, app, list(names), there, state)
    if not tips:
        return True
    outcomes = await to_thread.run_sync(remote.push, tips, abandon_on_cancel=True)
    at = remote_state.now()
    for name, sent in outcomes.items():
        branch = state.branch(name)
        branch.refused = branch.refused_tip = ""
        if sent.kind == "taken":
            state.pushed_at = at
            await to_thread.run_sync(remote_state.agree, app, remote.reach.name, name, tips[name])
        elif sent.kind == "refused":
            branch.refused, branch.refused_tip = sent.said, tips[name]
            branch.refused_at = at
    return all(sent.kind != "moved" for sent in outcomes.values())


def _waiting(app: App, names: list[str], there: Mapping[str, str], state: State) -> dict[str, str]:
    """In a thread: the branches that have commits the remote has not, and may be sent now."""
    found = {}
    for name in names:
        tip, far = app.repository.tip(name), there.get(name)
        if tip is None or tip == far or state.branch(name).is_refused_still(tip):
            continue
        if far is None or app.repository.is_ancestor(far, tip):
            found[name] = tip
    return found
