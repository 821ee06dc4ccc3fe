"""The keys a CDN knows the site's files by."""

from prdgen.builder import surrogates


def test_a_path_has_one_key_and_that_of_everything():
    """Plain letters, so that any CDN takes them in a header."""
    everything, own = surrogates.keys_of("a/ü b,c/index.html")
    assert everything == surrogates.EVERYTHING
    assert own.isascii()
    assert own.replace("-", "").isalnum()
    assert own != surrogates.key("a/index.html")


def test_many_changes_are_named_at_once():
    """CDNs limit how many keys they take."""
    assert surrogates.changed(["a", "b", "a"], 2) == sorted(map(surrogates.key, "ab"))
    assert surrogates.changed(["a", "b", "c"], 2) == [surrogates.EVERYTHING]
