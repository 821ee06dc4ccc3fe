"""Code is coloured as Pygments colours it, only sooner."""

import pytest
from pygments.lexers import get_lexer_by_name

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
