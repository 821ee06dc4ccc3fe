"""Search finds what it would find if Pagefind read the pages themselves."""

import gzip
import json
import subprocess

import cbor2
import pagefind_bin
import pytest

RICH = """---
title: Checkout
status: approved
owner: Ada
---
# Checkout in *two* minutes

Some `Vec<T>` &amp; "quoted" words; ThreeAntelopes, café, snake_case and **bold** text[^1]

## Why we do it

- [REQ-1] Opens in two seconds
- second item

| Head | Other |
|---|---|
| cell | last cell |

> a quotation

```rust
fn main() { let antelope: Vec<u8> = vec![1]; } // <comment>
```

```mermaid
flowchart LR
  secretnode --> othernode
```

Formula $x^2$ and <kbd>Ctrl</kbd>+<kbd>S</kbd>.

### Part the third

Last words

[^1]: The footnote.
"""


def contents(folder):
    """Fragments by address, and for each word of the index the addresses it is found at."""

    def unpacked(path):
        return gzip.decompress(path.read_bytes()).removeprefix(b"pagefind_dcd")

    fragments = {
        path.stem: json.loads(unpacked(path)) for path in folder.glob("fragment/*.pf_fragment")
    }
    (meta,) = folder.glob("*.pf_meta")
    urls = [fragments[name]["url"] for name, *_ in cbor2.loads(unpacked(meta))[1]]
    found = {}
    for path in folder.glob("index/*.pf_index"):
        for word, pages, variants in cbor2.loads(unpacked(path))[0]:
            for its_pages in [pages, *(variant[1] for variant in variants)]:
                number = 0
                for step, *_ in its_pages:
                    number += step
                    found.setdefault(word, set()).add(urls[number])
    return {each["url"]: each for each in fragments.values()}, found


@pytest.fixture
def indexes(team, tmp_path):
    """Our index of a site, and Pagefind's own of its public folder."""
    team.publish(
        prds__checkout=RICH,
        prds__other="Without a heading, with antelopes.\n",
        prds__plain="---\ntitle: Named\n---\n## Only a second level\n\nText 🌦️sun.\n",
    )
    team.site.improve()
    theirs = tmp_path / "theirs"
    subprocess.run(
        [str(pagefind_bin.get_executable()), "--site", str(team.site.public.resolve()),
         "--output-path", str(theirs), "--quiet"],
        check=True,
    )  # fmt: skip
    return contents(team.site.public / "pagefind"), contents(theirs)


def test_each_word_is_found_on_the_same_pages(indexes):
    (_, ours), (_, theirs) = indexes
    assert {"antelop", "vec", "cafe", "snake", "comment", "quotat"} <= ours.keys()
    # Pagefind also reads the number of a footnote as a word.
    assert ours.items() <= theirs.items()
    assert theirs.keys() - ours.keys() <= {"1", "text1"}
    assert not {"secretnod", "othernod", "ada"} & ours.keys()


def test_results_have_the_same_titles_and_lead_to_the_same_headings(indexes):
    (ours, _), (theirs, _) = indexes
    assert ours.keys() == theirs.keys()
    for url, fragment in ours.items():
        assert fragment["meta"]["title"] == theirs[url]["meta"]["title"]
        headings = [
            (each["element"], each["id"], each["text"])
            for each in theirs[url]["anchors"]
            if each["element"].startswith("h")
        ]
        found = [(each["element"], each["id"], each["text"]) for each in fragment["anchors"]]
        assert found == headings


def test_excerpts_read_as_sentences(indexes):
    (ours, _), _ = indexes
    content = ours["/prds/checkout/"]["content"]
    assert "Why we do it. REQ-1 Opens in two seconds. second item. " in content
    assert "cell. last cell. a quotation. fn main() { let antelope: Vec<u8>" in content
