"""A storm in which people also work with Git: in a clone, and in the server's own folder."""

from __future__ import annotations

import random
from pathlib import Path

from e2e.house import until

from chaos import faults
from chaos.ground import Ground
from chaos.storm import PAGE, Storm
from chaos.terminal import Clone, Terminal, git

FAULTS = (
    faults.kill_server, faults.stop_server, faults.pause_server, faults.kill_worker,
    faults.kill_postgres, faults.kill_valkey,
)  # fmt: skip
_PUSH_SECONDS = 60.0


class GitStorm(Storm):
    """Typists, a clone that pushes, and a terminal; every word stands once."""

    def __init__(self, ground: Ground, folder: Path, dice: random.Random) -> None:
        super().__init__(ground, folder, dice)
        self.chosen = [dice.choice(FAULTS) for _ in range(dice.randint(1, 3))]
        self.terminal = Terminal(self.house, PAGE)

    def _seat(self) -> None:
        super()._seat()
        self.clone = Clone(self.house, self._token, self._folder / "clone", PAGE)

    def _type(self, rounds: int, *, disk_editor: bool = True) -> None:
        dice = self._typing
        for _ in range(rounds):
            super()._type(1, disk_editor=False)
            if dice.random() < 0.35:
                self.terminal.act(dice)
            if dice.random() < 0.35:
                self.clone.write(dice)
            running = [x for x in self.houses if x.running and x.port not in self.paused]
            if running and dice.random() < 0.4:
                self.clone.push(dice.choice(running))

    def _judge(self) -> None:
        until(lambda: self.clone.push(self.house), _PUSH_SECONDS, what="a push that is taken")
        self.verdict.happened += self.terminal.done
        git(self.house.repository, "switch", "--quiet", "main")
        super()._judge()

    @property
    def others(self) -> list[list[str]]:
        """What was written by others than the typists."""
        return [self.clone.words, self.terminal.words]
