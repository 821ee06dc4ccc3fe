"""Code is coloured as Pygments colours it, only sooner."""

import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from pygments.lexer import RegexLexer, combined, include
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Keyword, Name, Number, String

from prdgen.builder import lexing

LANGUAGES = (
    "bash", "c", "cmake", "console", "cpp", "csharp", "css", "diff", "docker", "elixir", "erlang",
    "go", "graphql", "haskell", "html", "ini", "java", "javascript", "json", "kotlin", "latex",
    "lua", "make", "markdown", "nginx", "objective-c", "ocaml", "perl", "php", "powershell",
    "python", "r", "ruby", "rust", "scala", "sql", "swift", "toml", "typescript", "xml", "yaml",
)  # fmt: skip
SAMPLES = (
    'fn main() { let r = r#"a "b" c"#; println!("{}\\n", \'x\'); } // end\n/* a\n /* b */ */\n#![x]\n',
    "#!/usr/bin/env python\ndef f(a: int = 0x1F) -> str:\n    return f'{a!r}' '''b\nc'''\n",
    "<p class=\"a\" id='b'>&amp; <!-- no --> <script>if (a < 1) { b(`${c}`) }</script></p>\n",
    "name: &anchor\n  - 'one'\n  - \"two\\n\"\n  - <<: *anchor # why\n[table]\nkey = 1.5e3\n",
    "SELECT a, 'it''s' FROM t WHERE b <> 2; -- c\n$ ls -la | grep x > y && echo \"${z[@]}\"\n",
    "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+new\n```sh\nset -e\n```\n# Title\n* item **bold**\n",
    "\\section{a} % b\n\x00\x7f é “quoted” 🙂 \u2028 \\ ` ~ @ ¬\n\n\n",
    "",
)


def by_character(pieces):
    """The class of each character."""
    return [(css, character) for css, text in pieces for character in text]


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """Compile a language's states with the first block, and forget them again."""
    monkeypatch.setattr(lexing, "_WORTH_COMPILING", -1)
    monkeypatch.setattr(lexing, "_KNOWN", {})


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_character_has_the_class_pygments_gives_it(language):
    lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False)
    for source in SAMPLES:
        expected = [(lexing._class(kind), text) for kind, text in lexer.get_tokens(source)]
        assert by_character(lexing.coloured(lexer, source)) == by_character(expected)


def test_the_usual_languages_are_run_by_one_expression_a_state():
    for language in ("rust", "python", "toml", "bash", "go", "typescript", "diff", "sql"):
        lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False)
        lexing.coloured(lexer, "x\n")
        assert lexing._KNOWN[type(lexer)].states is not None, language


def test_rules_that_cannot_stand_together_are_left_to_pygments():
    lexer = get_lexer_by_name("cmake", stripnl=False, ensurenl=False)
    lexing.coloured(lexer, "#[==[ a ]==]\n")
    assert lexing._KNOWN[type(lexer)].states is None


def test_a_language_met_once_costs_no_compiling(monkeypatch):
    monkeypatch.setattr(lexing, "_WORTH_COMPILING", 100)
    lexer = get_lexer_by_name("toml", stripnl=False, ensurenl=False)
    lexing.coloured(lexer, "a = 1\n" * 10)
    assert lexing._KNOWN[type(lexer)].states is None
    lexing.coloured(lexer, "a = 1\n" * 10)
    assert lexing._KNOWN[type(lexer)].states is not None


def test_only_states_that_a_block_comes_to_are_compiled():
    """Scala's rules take a tenth of a second to compile, and most pages have a line of it or none."""
    lexer = get_lexer_by_name("scala", stripnl=False, ensurenl=False)
    made = type(lexer).process_tokendef("", type(lexer).get_tokendefs())
    assert not made
    assert made["root"]
    assert 0 < len(made) < len(type(lexer).get_tokendefs())


@pytest.fixture
def threads():
    """Four threads that take turns at nearly every step."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    with ThreadPoolExecutor(4) as made:
        yield made
    sys.setswitchinterval(before)


def language(number: int) -> type[RegexLexer]:
    """A lexer's class that nobody has used, with rules that `re` has not compiled."""
    tokens = {
        "root": [(rf"a{number}_{n}\b", Comment) for n in range(20)]
        + [include("words"), (r'"', String, combined("text", "words")), (r"\s+", Comment)],
        "words": [(rf"b{number}_{n}\b", Name) for n in range(20)] + [(r"\d+| ", Number), (r"\w+", Keyword)],
        "text": [(r'"', String, "#pop"), (" ", String), (rf"c{number}\b", Comment, combined("more", "words"))],
        "more": [(r"\.", String, "#pop")],
    }  # fmt: skip
    return type(f"Fresh{number}", (RegexLexer,), {"name": f"Fresh {number}", "tokens": tokens})


@pytest.mark.parametrize("worth", [-1, 10**9])
def test_threads_colour_with_whole_rules(threads, monkeypatch, worth):
    """A state that one thread is making is not used by another: all of them see the same colours."""
    monkeypatch.setattr(lexing, "_WORTH_COMPILING", worth)
    for number in range(30):
        source = f'a{number}_19 x 1 "b{number}_3 c{number} 7 . 8" b{number}_19 {number}\n'
        kind, begin = language(number), Barrier(4)

        def colours(kind=kind, begin=begin, source=source):
            begin.wait()
            lexer = kind(stripnl=False, ensurenl=False)
            return by_character(lexing.coloured(lexer, source))

        found = [each.result() for each in [threads.submit(colours) for _ in range(4)]]
        assert "err" not in {css for css, _ in found[0]}
        assert found == [found[0]] * 4


def test_a_state_is_seen_when_it_is_whole():
    """Whoever asks whether a state is there is told of finished ones only, whatever goes wrong."""
    kind = language(10**6)
    states = kind.process_tokendef("", kind(stripnl=False)._tokens._written)
    seen, process = [], kind._process_regex

    class Torn(Exception):
        pass

    def look(regex, flags, state):
        seen.append(dict(states))
        if len(seen) == 30:
            raise Torn
        return process(regex, flags, state)

    kind._process_regex = look
    with pytest.raises(ValueError, match="uncompilable"):
        states["root"]
    assert seen == [{}] * 30
    del kind._process_regex
    assert len(states["root"]) == 44
    assert all(states.values())


def test_states_without_names_are_told_apart():
    """Pygments begins to count them anew with each object of a language with options, as C# is."""
    tokens = {
        "root": [("a", Name, combined("one")), ("b", Name, "late")],
        "late": [("c", Name, combined("two"))],
        "one": [("1", Number, "#pop")],
        "two": [("2", Number, "#pop"), ("3", Number)],
    }
    more = {"name": "Variants", "tokens": tokens, "token_variants": True}
    kind = type("Variants", (RegexLexer,), more)
    kind()
    states = kind.process_tokendef("", tokens)
    ((_, _, (one,)), _) = states["root"]
    kind()
    ((_, _, (two,)),) = states["late"]
    assert (len(states[one]), len(states[two])) == (1, 2)
