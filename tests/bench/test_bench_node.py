"""Editors as processes, and several in one."""

import pytest

from bench import node

PROGRAM = """\
import {{ obeyEach }} from "{commands}";
let open;
const opened = new Promise(done => (open = done));
obeyEach(number => ({{
  meet: ({{ url }}) => url,
  wait: async () => (await opened, number),
  open: () => (open(), number),
  fail: () => {{ throw new Error("no"); }},
}}));
"""


@pytest.fixture
def host(tmp_path):
    program = tmp_path / "several.mjs"
    program.write_text(PROGRAM.format(commands=node.FOLDER / "commands.mjs"))
    with node.Host(str(program)) as several:
        yield several


def test_editors_in_one_process_do_not_wait_for_each_other(host):
    """And each gets its own answers, in the order of its questions."""
    one, two = host.join("a"), host.join("b")
    assert one.pid == two.pid
    for command in ("wait", "open"):
        one.say(command)
    two.say("open")
    two.say("fail")
    assert [one.answer(), two.answer(), one.answer()] == [1, 2, 1]
    with pytest.raises(node.EditorFailed, match="no"):
        two.answer()


def test_a_process_that_ended_is_said(host):
    """Also to those who ask later."""
    editor = host.join("a")
    host.process.kill()
    for _ in range(2):
        with pytest.raises((node.EditorFailed, BrokenPipeError)):
            editor.ask("open")
