"""The frame: drawn once by MkDocs and Material, then filled."""

import re
import time

import pytest

from prdgen.builder import defaults, errors, frame

CONFIG = b"site_name: Team\ntheme: {name: material, custom_dir: over}\n"


def test_page_is_complete_and_without_inline_scripts(frame):
    """A static CDN sends no policy header: the page carries its own and keeps to it (trap 18)."""
    html = frame.template("main.html").fill({"base": "/site/", "body": "<p>Hello</p>"})
    assert "<p>Hello</p>" in html
    assert "HOLE" not in html
    assert html.index("Content-Security-Policy") < html.index("<script")
    assert "script-src 'self' 'wasm-unsafe-eval'" in html
    inline = re.findall(r"<script(?![^>]*(?:src=|application/json))[^>]*>", html)
    assert inline == []
    assert not re.search(r"\son\w+=", html)


def test_every_linked_file_is_there(frame):
    """What the frame links to is in its files, at the site's base."""
    html = frame.template(None).fill({"base": "/site/"})
    linked = re.findall(r'(?:href|src)="/site/([^"]+\.(?:css|js|svg))"', html)
    assert len(linked) > 5
    assert set(linked) <= frame.files.keys()


def test_nothing_comes_from_elsewhere(frame):
    """No font, script or picture of another site."""
    html = frame.template(None).fill({})
    assert not re.findall(r'(?:src|href)="(?:https?:)?//[^"]+"', html)


def test_drawn_once(tmp_path):
    """The second time the drawing is read from its file."""
    began = time.perf_counter()
    first = frame.draw(CONFIG, {}, tmp_path)
    drawn = time.perf_counter()
    assert frame.draw(CONFIG, {}, tmp_path) == first
    assert time.perf_counter() - drawn < (drawn - began) / 2


def test_override_is_used(tmp_path):
    """A team's own template and style sheet are in the frame."""
    overrides = {
        "special.html": b"{% extends 'main.html' %}{% block hero %}<i>hero</i>{% endblock %}",
        "look.css": b"body{}",
    }
    drawn = frame.draw(CONFIG, overrides, tmp_path)
    assert "<i>hero</i>" in drawn.template("special.html").fill({})
    assert "<i>hero</i>" not in drawn.template("main.html").fill({})
    assert "look.css" in drawn.files


def test_a_piece_that_a_template_includes_is_no_page(tmp_path):
    """Many a theme folder has its announcement beside `main.html`; what is no whole page is not drawn as one."""
    overrides = {
        "main.html": b"{% extends 'base.html' %}{% block announce %}{% include 'news.html' %}{% endblock %}",
        "news.html": b"<b>News</b>",
    }
    drawn = frame.draw(CONFIG, overrides, tmp_path)
    assert "<b>News</b>" in drawn.template(None).fill({})
    assert drawn.template("news.html") == drawn.template(None)


def test_tabs_lead_nowhere_that_is_not_there(tmp_path):
    """Material draws tabs from pages that it builds itself; here the sidebar has them."""
    config = b"site_name: T\ntheme: {name: material, features: [navigation.tabs, navigation.tabs.sticky]}\n"
    drawn = frame.draw(config, {}, tmp_path).template(None).fill({})
    assert "md-tabs" not in drawn
    assert "prdgen-frame" not in drawn


def test_override_sees_no_secret(tmp_path, monkeypatch):
    """Overrides are code; there is nothing for them to find (trap 17)."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    code = b"{% extends 'base.html' %}{% block hero %}{{ config.__init__.__globals__['os'].environ }}{% endblock %}"
    try:
        text = frame.draw(CONFIG, {"main.html": code}, tmp_path).template(None).fill({})
    except errors.ChildFailed as error:
        text = error.message
    assert "sk-secret" not in text


def test_broken_override_names_its_line(tmp_path):
    """A template that cannot be drawn is an error with file and line."""
    with pytest.raises(errors.ChildFailed, match=r"main\.html, line 2"):
        frame.draw(CONFIG, {"main.html": b"{% extends 'base.html' %}\n{% block %}"}, tmp_path)


def test_override_without_body_is_refused(tmp_path):
    """A frame that could not show a page is not taken."""
    html = b'<html><head><meta charset="utf-8"></head><body dir="ltr"></body></html>'
    with pytest.raises(errors.FrameIncomplete, match="body"):
        frame.draw(CONFIG, {"main.html": html}, tmp_path)


def test_custom_dir():
    """Only files of the theme folder that mkdocs.yml names can be overrides."""
    assert frame.custom_dir(CONFIG) == "over"
    assert frame.custom_dir(b"site_name: S\n") == ""


def test_own_sources_are_found():
    """The site's sources are beside the package, in a checkout and in a wheel."""
    assert b"site_name" in defaults.config()
    assert "home.html" in defaults.overrides()
