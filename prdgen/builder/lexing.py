"""Runs Pygments' lexers about three times as fast: the rules of a state as one expression.

Pygments tries the rules of a state one by one, in Python, for each token. Here a state is one regular
expression with a mark behind each rule, so the search for the rule that matches is `re`'s own. What
comes out is the same: each character has the class that Pygments gives it.

Pygments also compiles every rule of a language before its first block, which for some takes a tenth of
a second. Where this module is imported, it compiles a state when it comes to it.
"""

from __future__ import annotations

import re
import threading
from collections import ChainMap
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from pygments.lexer import Lexer, RegexLexer, RegexLexerMeta
from pygments.token import STANDARD_TYPES, Token

Coloured = list[tuple[str, str]]
"""Class and text by turns; the class is empty or Pygments' short name."""
_WORTH_COMPILING: Final = 8_000
"""Characters of one language: compiling its states takes as long as Pygments takes for so many."""
_Move = Callable[[list[str]], None]
_SPACE: Final = STANDARD_TYPES[Token.Text.Whitespace]
_ERROR: Final = STANDARD_TYPES[Token.Error]
_FLAGS: Final = re.compile(r"\(\?([aimsux]+)\)")
_ESCAPE: Final = re.compile(r"\\([1-9]\d*)|\\.", re.DOTALL)
_UNFIT: Final = re.compile(r"\(\?P[<=]|\(\?\(|\(\?[aimsux]+\)|\[[^\]]*\\[1-9]")
"""Named groups, conditions, flags in the middle, numbers inside brackets."""


def coloured(lexer: Lexer, source: str) -> Coloured:
    """The pieces of `source` (LF only) in order, each with the class of its token."""
    known = _KNOWN.setdefault(type(lexer), _Known())
    known.seen += len(source)
    if known.states is None and known.fit and known.seen > _WORTH_COMPILING:
        known.fit = _is_plain(lexer)
        known.states = _States(lexer) if known.fit else None
    if known.states is not None:
        try:
            return known.states.run(source)
        except _Unfit:
            known.fit, known.states = False, None
    return [(_class(kind), text) for kind, text in lexer.get_tokens(source)]


_MAKING: Final = threading.RLock()
"""Held while Pygments prepares a lexer's class or a state: it does so in place, for one thread."""


class _Later(dict[str, list[Any]]):
    """The states of a lexer's class as Pygments has them, each made when it is first asked for. What
    is in it is finished: other threads colour with it.
    """

    def __init__(self, lexer: Any, written: dict[str, Any]) -> None:
        super().__init__()
        self._lexer, self._written = lexer, written
        self._names = 0
        """How many names Pygments has given to states that have none in the language."""

    def __missing__(self, state: str) -> list[Any]:
        with _MAKING:
            if state in self:
                return self[state]
            made: dict[str, list[Any]] = {}
            # A class may have several sets of states, which Pygments numbers together.
            self._lexer._tmpname = self._names
            self._lexer._process_state(self._written, ChainMap(made, self), state)
            self._names = self._lexer._tmpname
            # The state that leads to the others comes last.
            for name in reversed(made):
                self[name] = made[name]
            return made[state]


def _process_later(lexer: Any, name: str, written: dict[str, Any] | None = None) -> _Later:
    """As Pygments' `process_tokendef`, which makes all states at once."""
    states: _Later = _Later(lexer, written or lexer.tokens[name])
    lexer._all_tokens[name] = states
    return states


_prepare: Final[Callable[..., Any]] = RegexLexerMeta.__call__


def _prepare_alone(cls: RegexLexerMeta, *args: Any, **kwds: Any) -> Any:
    """As Pygments' own, which prepares the class before its first object."""
    with _MAKING:
        return _prepare(cls, *args, **kwds)


RegexLexerMeta.__call__ = _prepare_alone  # type: ignore[method-assign]
RegexLexerMeta.process_tokendef = _process_later  # type: ignore[method-assign]


@dataclass(frozen=True, slots=True)
class _Rule:
    """What is done when a rule matches: it gives one class, or `action` says what, or nothing."""

    css: str | None
    action: Callable[[Lexer, re.Match[str]], Iterable[tuple[int, Any, str]]] | None
    match: Callable[[str, int], re.Match[str] | None]
    """The rule alone, with its groups as `action` counts them."""
    move: _Move | None


class _Unfit(Exception):
    """A rule that cannot stand in one expression with others."""


class _States:
    """The states of one lexer, each compiled when it is first met."""

    def __init__(self, lexer: Lexer) -> None:
        self._lexer: Any = lexer
        self._made: dict[str, tuple[re.Pattern[str], dict[int, _Rule], int]] = {}

    def run(self, text: str) -> Coloured:
        """The pieces of `text`; raises _Unfit before the first piece of a state that is."""
        stack, place, found, lexer = ["root"], 0, Coloured(), self._lexer
        add, moved = found.append, True
        while moved:
            moved = False
            pattern, rules, nothing = self._state(stack[-1])
            for match in pattern.finditer(text, place):
                mark: Any = match.lastindex
                if mark == nothing:
                    # As Pygments: a line end that no rule takes leads back to the first state.
                    moved = match[0] == "\n"
                    add((_SPACE if moved else _ERROR, match[0]))
                    if moved:
                        stack, place = ["root"], match.end()
                        break
                    continue
                rule = rules[mark]
                if rule.css is not None:
                    add((rule.css, match[0]))
                elif rule.action is not None:
                    alone: Any = rule.match(text, match.start())
                    found += [(_class(kind), part) for _, kind, part in rule.action(lexer, alone)]
                if rule.move is not None:
                    rule.move(stack)
                    moved, place = True, match.end()
                    break
        return found

    def _state(self, name: str) -> tuple[re.Pattern[str], dict[int, _Rule], int]:
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = self._compiled(name)
        return made

    def _compiled(self, name: str) -> tuple[re.Pattern[str], dict[int, _Rule], int]:
        parts, rules, groups = [], {}, 0
        for match, action, new_state in self._lexer._tokens[name]:
            pattern = match.__self__
            parts.append(f"(?:{_moved(pattern.pattern, groups)})()")
            groups += pattern.groups + 1
            simple = action in STANDARD_TYPES or isinstance(action, type(Token))
            rules[groups] = _Rule(
                css=_class(action) if simple else None,
                action=None if simple else action,
                match=match,
                move=_move(new_state),
            )
        try:
            return re.compile("|".join([*parts, r"([\s\S])"]), self._lexer.flags), rules, groups + 1
        except re.error as error:
            raise _Unfit from error


@dataclass(slots=True)
class _Known:
    """What this process has learnt of one lexer."""

    seen: int = 0
    """Characters it was given."""
    fit: bool = True
    states: _States | None = None


_KNOWN: Final[dict[type[Lexer], _Known]] = {}


def _is_plain(lexer: Lexer) -> bool:
    """Whether the lexer is driven by its rules alone, by Pygments' own engine, without filters."""
    kind: Any = type(lexer)
    plain = getattr(kind, "get_tokens_unprocessed", None) is RegexLexer.get_tokens_unprocessed
    same = getattr(kind, "get_tokens", None) is Lexer.get_tokens
    return plain and same and not lexer.filters


def _moved(pattern: str, groups: int) -> str:
    """The pattern as it reads behind `groups` groups of others. Raises _Unfit."""
    flags = _FLAGS.match(pattern)
    if flags:
        pattern = f"(?{flags[1]}:{pattern[flags.end() :]})"
    if _UNFIT.search(pattern):
        raise _Unfit(pattern)
    return _ESCAPE.sub(lambda m: f"\\{int(m[1]) + groups}" if m[1] else m[0], pattern)


def _class(kind: Any) -> str:
    """The short name of a token's type, or of the nearest type above it that has one."""
    while kind not in STANDARD_TYPES:
        kind = kind.parent
    return STANDARD_TYPES[kind]


def _move(new_state: Any) -> _Move | None:
    """What a rule does to the stack of states, as Pygments' engine does it."""
    if new_state is None:
        return None
    if isinstance(new_state, int):
        return lambda stack: stack.__delitem__(
            slice(1 if abs(new_state) >= len(stack) else new_state, None)
        )
    steps = new_state if isinstance(new_state, tuple) else (new_state,)

    def move(stack: list[str]) -> None:
        for step in steps:
            if step != "#pop":
                stack.append(stack[-1] if step == "#push" else step)
            elif len(stack) > 1:
                stack.pop()

    return move
