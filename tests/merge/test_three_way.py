"""The merge by example: what people do to one page, and what must come of it."""

import time

import pytest

from prdgen.merge import diff, groups
from prdgen.merge.three_way import merge

ANSWER = "All calls must be answered quickly by a person.\n"


def merged(base, theirs, ours):
    """The merge, checked to be what its hunks make of ours."""
    found = merge(base, theirs, ours)
    assert diff.apply(ours, found.hunks) == found.text
    return found


def test_the_same_fix_on_both_sides_is_made_once():
    """Trap 3: replayed as operations this gives `theh quick fox`."""
    found = merged("teh quick fox\n", "the quick fox\n", "the quick fox jumps\n")
    assert (found.text, found.conflicts) == ("the quick fox jumps\n", [])


def test_the_same_fix_among_other_fixes_is_made_once():
    """Ours corrected two words, theirs one of them."""
    found = merged("teh quikc fox\n", "the quikc fox\n", "the quick fox\n")
    assert (found.text, found.hunks, found.conflicts) == ("the quick fox\n", [], [])


def test_a_line_added_on_both_sides_is_there_once():
    """Trap 3: a squash merge or a cherry-pick brings a line we have."""
    base, new = "# Risks\n\n- Time\n", "# Risks\n\n- Time\n- Money\n"
    found = merged(base, new + "\nSee plan.\n", new)
    assert (found.text, found.conflicts) == (new + "\nSee plan.\n", [])


def test_two_rewrites_of_a_sentence_both_stay_whole():
    """Trap 3: operations of both interleave into `Eachplaforly3frall calls must be`."""
    theirs = "Every call shall be taken by someone within three seconds.\n"
    ours = "Each and every call must be picked up in a minute.\n"
    found = merged(f"# A\n\n{ANSWER}", f"# A\n\n{theirs}", f"# A\n\n{ours}")
    assert found.text == f"# A\n\n{ours}{theirs}"
    [one] = found.conflicts
    assert (one.ours, one.theirs) == (ours, theirs)
    assert found.text[one.start : one.middle] + found.text[one.middle : one.end] == ours + theirs


def test_rewrites_that_share_words_are_not_woven_together():
    """A rewrite of a sentence is one hunk even where words are equal by chance."""
    base = "The quick system must always answer all calls of a customer.\n"
    theirs = "The slow platform may always drop some calls of a customer.\n"
    ours = "The quick system must always answer all letters of the customer today.\n"
    found = merged(base, theirs, ours)
    assert found.text == ours + theirs
    assert len(found.conflicts) == 1


@pytest.mark.parametrize(
    "values",
    [("1.2.3", "1.3.3", "1.2.4"), ("2026-01-05", "2026-02-05", "2026-01-15"),
     ("well-known", "little-known", "well-read"), ("10:30", "11:30", "10:45")],
)  # fmt: skip
def test_halves_of_two_values_make_no_third(values):
    """A version, date or hyphenated word that nobody wrote is garbage."""
    base, theirs, ours = (f"It is {value} now.\n" for value in values)
    found = merged(base, theirs, ours)
    assert (found.text, len(found.conflicts)) == (ours + theirs, 1)


def test_parts_of_a_path_both_change():
    """A folder renamed on one side, a page in it on the other."""
    found = merged("See (/cli/npm-ci).\n", "See (/cli/ci).\n", "See (/commands/npm-ci).\n")
    assert (found.text, found.conflicts) == ("See (/commands/ci).\n", [])


def test_different_words_of_one_line_both_change():
    """A script and a person in one line."""
    found = merged("the quick brown fox", "the slow brown fox", "the quick brown dog")
    assert (found.text, found.conflicts) == ("the slow brown dog", [])


def test_a_one_word_change_outside_is_a_one_word_hunk():
    """Cursors and authorship of everything else stay."""
    found = merged("a b c\nthe quick fox\n", "a b c\nthe slow fox\n", "a b d\nthe quick fox\n")
    [hunk] = found.hunks
    assert (hunk.position, hunk.delete, hunk.insert) == (10, 5, "slow")


@pytest.mark.parametrize("swapped", [False, True])
def test_sentences_put_behind_one_sentence_both_stay(swapped):
    """In one line, as the browser writes paragraphs."""
    base, ours, theirs = (
        "Ships in May.",
        "Ships in May. We tell all customers.",
        "Ships in May. It is free!",
    )
    first, second = (theirs, ours) if swapped else (ours, theirs)
    found = merged(base, second, first)
    assert (found.text, found.conflicts) == (first + second.removeprefix(base), [])


@pytest.mark.parametrize("swapped", [False, True])
def test_a_paragraph_put_beside_a_deleted_one_is_no_dispute(swapped):
    """Whichever blank line either side is said to have moved."""
    base, gone = "One.\n\n* two words\n\nThree.\n", "One.\n\nThree.\n"
    new = "One.\n\nNew.\n\n* two words\n\nThree.\n"
    found = merged(base, gone, new) if swapped else merged(base, new, gone)
    assert (found.text, found.conflicts) == ("One.\n\nNew.\n\nThree.\n", [])


def test_typing_at_the_end_meets_an_appended_line():
    """Neither needs a final newline."""
    found = merged("abc", "abc\nnew\n", "abc def")
    assert (found.text, found.conflicts) == ("abc def\nnew\n", [])


@pytest.mark.parametrize(
    "base, theirs, ours",
    [
        ("- a\n", "- theirs\n", "- ours\n"),
        ("| a | b |\n|---|---|\n", "| 1 | x |\n", "| 2 | x |\n"),
        ("# A\n\nText.\n", "\n## Risks\n\nMoney.\n", "\n## Goals\n\nSpeed.\n"),
        ("# A\n\nText.\n", "\nThey ship it in May.\n", "\nWe are to see the customer first.\n"),
    ],
)
def test_different_things_added_in_one_place_both_stay(base, theirs, ours):
    """Items, rows, sections, paragraphs: ours first, and nobody's words are in dispute."""
    found = merged(base, base + theirs, base + ours)
    assert (found.text, found.conflicts) == (base + ours + theirs, [])


@pytest.mark.parametrize("after", ["", "\n## End\n"])
@pytest.mark.parametrize("before", ["# A\n\n", "# A\n", "Text.\n\n", ""])
def test_two_new_paragraphs_do_not_become_one(before, after):
    """Markdown reads lines that follow each other as one paragraph."""
    theirs, ours = "They ship it in May.\n", "We are to see the customer first.\n"
    found = merged(before + after, before + theirs + after, before + ours + after)
    assert (found.text, found.conflicts) == (f"{before}{ours}\n{theirs}{after}", [])


def test_lines_added_inside_a_paragraph_stay_in_it():
    """It is one paragraph on both sides."""
    found = merged("One.\nEnd.\n", "One.\nThey ship it.\nEnd.\n", "One.\nWe go in May.\nEnd.\n")
    assert (found.text, found.conflicts) == ("One.\nWe go in May.\nThey ship it.\nEnd.\n", [])


@pytest.mark.parametrize(
    "base, theirs, ours",
    [
        ("# A\n", "We ship the new checkout in May.\n", "We ship the new checkout in June.\n"),
        ("- a\n", "- [REQ-7] Fast\n", "- [REQ-7] Quick\n"),
        ("| a | b |\n|---|---|\n", "| REQ-7 | fast |\n", "| REQ-7 | never slow |\n"),
        ("```\nstart\n", "first step\n", "another thing\n"),
        ("---\na: 1\n", "status: draft and open\n", "status: approved by everybody else\n"),
    ],
)
def test_two_versions_of_one_addition_are_a_conflict(base, theirs, ours):
    """A sentence, a requirement, a row or a key written twice; and in code order means something."""
    end = "```\n" if base[0] == "`" else "---\n" if base[0] == "-" and base[1] == "-" else ""
    found = merged(base + end, base + theirs + end, base + ours + end)
    assert found.text == base + ours + theirs + end
    assert [(one.ours, one.theirs) for one in found.conflicts] == [(ours, theirs)]


def test_items_added_to_a_list_of_the_front_matter_both_stay():
    """Tags of two people."""
    base = "---\ntags:\n  - a\n---\n"
    found = merged(base, base.replace("- a", "- a\n  - t"), base.replace("- a", "- a\n  - o"))
    assert (found.text, found.conflicts) == ("---\ntags:\n  - a\n  - o\n  - t\n---\n", [])


@pytest.mark.parametrize("swapped", [False, True])
def test_what_both_took_away_is_no_dispute_about_what_one_put_there(swapped):
    """They deleted a comment; we did, too, and wrote a section in its place."""
    base = "A.\n\n<!-- made by a program -->\n<!-- do not edit -->\n\nB.\n"
    gone = "A.\n\nB.\n"
    ours = "A.\n\n## New\n\nSome words.\n\nB.\n"
    found = merged(base, ours, gone) if swapped else merged(base, gone, ours)
    assert (found.text, found.conflicts) == (ours, [])


def test_more_of_the_same_addition_is_taken_without_asking():
    """What ours has already is not repeated."""
    found = merged("a\n", "a\nx\ny\nz\n", "a\ny\n")
    assert (found.text, found.conflicts) == ("a\nx\ny\nz\n", [])


@pytest.mark.parametrize("swapped", [False, True])
def test_blanks_at_the_end_of_a_line_are_nobodys_words(swapped):
    """Both added one line; an editor left a blank behind it."""
    base, ours, theirs = "a\n", "a\nThe same words.\n", "a\nThe same words. \n"
    found = merged(base, ours, theirs) if swapped else merged(base, theirs, ours)
    assert (found.text, found.conflicts) == (ours, [])


def test_what_both_versions_share_is_not_repeated():
    """Only the lines in dispute stand twice."""
    found = merged("old words\n", "same line\nsaid by them\n", "same line\nput by us\n")
    assert found.text == "same line\nput by us\nsaid by them\n"


@pytest.mark.parametrize("edited_by_us", [True, False])
def test_an_edited_paragraph_survives_its_deletion(edited_by_us):
    """Whoever deleted it: the edited text stays, and someone is asked."""
    base = f"# A\n\n{ANSWER}\nOther.\n"
    edit, gone = base.replace("quickly", "at once"), "# A\n\nOther.\n"
    found = merged(base, gone, edit) if edited_by_us else merged(base, edit, gone)
    assert found.text == edit
    [one] = found.conflicts
    assert "at once" in (one.ours if edited_by_us else one.theirs)
    assert "" in (one.ours, one.theirs)


def test_only_the_edited_paragraph_of_a_deleted_section_stays():
    """The rest of the section is gone, as was wanted."""
    base = f"Keep.\n\nFirst part.\n\n{ANSWER}\nLast part.\n\nEnd.\n"
    found = merged(base, "Keep.\n\nEnd.\n", base.replace("quickly", "at once"))
    assert found.text == f"Keep.\n\n{ANSWER.replace('quickly', 'at once')}\nEnd.\n"


def test_overlapping_deletions_are_no_conflict():
    """What either deleted is gone."""
    found = merged("a\nb\nc\nd\n", "a\nd\n", "a\nb\n")
    assert (found.text, found.conflicts) == ("a\n", [])


@pytest.mark.parametrize("swapped", [False, True])
def test_lines_taken_by_one_and_the_end_of_a_line_by_both_do_not_run_together(swapped):
    """Both deletions took a line feed, each another one: `A folder.## Next`."""
    base = "A folder. See [there](x)\n\n<!-- made -->\n<!-- end -->\n\n## Next\n"
    ours = base.replace(" See [there](x)\n\n<!-- made -->\n<!-- end -->", "")
    theirs = base.replace("<!-- made -->\n<!-- end -->\n\n", "")
    found = merged(base, ours, theirs) if swapped else merged(base, theirs, ours)
    assert (found.text, found.conflicts) == (ours, [])


def test_deletions_that_each_join_other_lines_are_a_conflict():
    """One took a line's end, the other what followed: together they gave `a Next`."""
    base = "a b\nL2 c d\nNext\n"
    found = merged(base, "a b\nNext\n", "a d\nNext\n")
    assert found.text == "a d\na b\nNext\n"
    assert [(one.ours, one.theirs) for one in found.conflicts] == [("a d\n", "a b\n")]


def test_a_conflict_is_of_whole_lines_where_lines_were_joined():
    """Ours begins with what was the end of another line."""
    found = merged("b0 b1\nb2 b3\nb4", "b2 t5\nb4", "b0 b4")
    assert [(one.ours, one.theirs) for one in found.conflicts] == [("b0 b4\n", "b2 t5\nb4")]


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize(
    "base, theirs, ours, want",
    [
        ("The quick fox.\n", "The **quick** fox.\n", "The slow fox.\n", "The **slow** fox.\n"),
        ("The quick fox runs.\n", "The quick fox, runs.\n", "The quick dog runs.\n",
         "The quick dog, runs.\n"),
        ("One two three four.\n", "One two\nthree four.\n", "One two 3 four.\n",
         "One two\n3 four.\n"),
        ("One two three four.\n", "One two\nthree four.\n", "One two  three four.\n",
         "One two\nthree four.\n"),
        ("| a  | b |\n| cc | d |\n", "| aaa | b |\n| cc  | d |\n", "| a  | b |\n| CC | d |\n",
         "| aaa | b |\n| CC  | d |\n"),
    ],
    ids=["stars", "comma", "line break", "blanks of both", "padding of a table"],
)  # fmt: skip
def test_signs_and_blanks_beside_a_changed_word_are_no_conflict(base, theirs, ours, want, swapped):
    """Nobody changed the same word."""
    found = merged(base, ours, theirs) if swapped else merged(base, theirs, ours)
    assert (found.text, found.conflicts) == (want, [])


def test_rows_of_a_table_merge_row_by_row():
    """Two rows changed, one added."""
    base = "| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n"
    found = merged(base, base.replace("2", "two"), base.replace("3", "three") + "| 5 | 6 |\n")
    assert found.conflicts == []
    assert found.text == "| a | b |\n|---|---|\n| 1 | two |\n| three | 4 |\n| 5 | 6 |\n"


def test_cells_of_one_row_merge():
    """Two people fill in one row."""
    found = merged("| x | y | z |\n", "| ex | y | z |\n", "| x | y | zed |\n")
    assert (found.text, found.conflicts) == ("| ex | y | zed |\n", [])


def test_a_paragraph_split_by_enter_keeps_the_edit_in_it():
    """Someone presses Enter while the file's sentence changes."""
    found = merged("One two three. Four five six.\n", "One two three. Four 5 six.\n",
                   "One two three.\nFour five six.\n")  # fmt: skip
    assert (found.text, found.conflicts) == ("One two three.\nFour 5 six.\n", [])


def test_own_write_seen_again_with_an_old_base_is_not_typed_twice():
    """Trap 1: a kill between writing the file and noting it gives `typed typed Hello`."""
    assert merged("Hello\n", "typed Hello\n", "typed Hello\n").hunks == []
    assert merged("Hello\n", "typed Hello\n", "typed Hello you\n").hunks == []


def test_a_file_taken_in_twice_is_taken_in_once():
    """Trap 1: two processes or a retry give `brave brave world`."""
    once = merged("world\n", "brave world\n", "world!\n").text
    assert once == "brave world!\n"
    assert merged("world\n", "brave world\n", once).text == once


def test_late_text_that_was_committed_already_is_not_doubled():
    """Trap 2: `Committed sentence by Bob. Committed sentence by Bob.`"""
    base, late = "Seed.\n", "Seed.\n\nCommitted by Bob.\n\nOffline line.\n"
    found = merged(base, late, "Seed.\n\nCommitted by Bob.\n")
    assert (found.text, found.conflicts) == (late, [])


def test_marks_and_emoji_are_not_split():
    """Two people change the letters beside and around a joined emoji."""
    family = "👩\u200d👩\u200d👧"
    found = merged(
        f"a {family} cafe\u0301 z", f"a {family} cafe\u0301s z", f"b {family} cafe\u0301 z"
    )
    assert (found.text, found.conflicts) == (f"b {family} cafe\u0301s z", [])


def test_when_the_limit_is_reached_whole_lines_are_kept():
    """No effort at all is still a merge that loses nothing."""
    base, theirs, ours = "a b c d e\n", "A b c d E\n", "a b C d e\n"
    found = merge(base, theirs, ours, limit_ms=0)
    assert found.text == ours + theirs
    assert diff.apply(ours, found.hunks) == found.text


@pytest.mark.parametrize(
    "texts", [("", "x", "y"), ("x", "", "y"), ("x", "y", ""), ("x\n", "", "y\n")]
)
def test_empty_texts(texts):
    """Nothing anybody wrote is lost when a side is empty."""
    base, theirs, ours = texts
    found = merged(base, theirs, ours)
    assert set(found.text.split()) == {*theirs.split(), *ours.split()}


def test_a_line_added_before_what_both_moved_there_stays():
    """Both sides moved the long line down; one put a line of its own before it."""
    base = "one\na line that is long enough\ntwo\nthree\nend"
    theirs = "one\ntwo\nthree\nNEW\na line that is long enough\nend"
    ours = "one\ntwo\nthree\na line that is long enough\nend"
    assert merge(base, theirs, ours).text == theirs
    assert merge(base, ours, theirs).text == theirs


def test_two_agreed_insertions_in_another_order_keep_every_line():
    """Neither order is garbled."""
    base = "start\nend"
    theirs = "start\nfirst long line of text\nsecond long line of text\nend"
    ours = "start\nsecond long line of text\nfirst long line of text\nend"
    found = merge(base, theirs, ours).text.split("\n")
    assert set(found) == set(theirs.split("\n"))


def test_two_long_lists_in_one_place_are_merged_in_time():
    """Thousands of items that both added: all of them stay, and not every pair is compared."""
    ours, theirs = ("".join(f"- {word} {n}\n" for n in range(4000)) for word in ("ours", "theirs"))
    begun = time.process_time()
    found = merged("# A\n\n", f"# A\n\n{theirs}", f"# A\n\n{ours}")
    assert time.process_time() - begun < 10
    assert sorted(found.text.splitlines()[2:]) == sorted((ours + theirs).splitlines())


@pytest.mark.parametrize("bare", ["---", "***", "~~~"])
def test_what_two_put_for_a_bare_line_does_not_stand_in_each_other(bare):
    """Its marks stand in those of a table, too."""
    base, table = f"x\n\n{bare}\n\ny\n", "| a | b |\n|---|---|\n| *** | ~~~ |"
    ours, theirs = base.replace(bare, "- [R-1] ten"), base.replace(bare, table)
    merged = merge(base, ours, theirs)
    assert all(line in merged.text for line in ("- [R-1] ten\n", f"{table}\n"))
    assert merged.conflicts
    assert merge(base, theirs, base).text == theirs


def test_two_versions_of_one_requirement_in_two_long_lists_are_a_conflict():
    """However many items there are beside it."""
    base = "x\n\ny\n"
    ours, theirs = (
        "".join(f"- [{side}-{n}] {side.lower()} {n}\n" for n in range(120)) + f"- [P-5] {words}\n"
        for side, words in (("O", "One way to say it."), ("T", "Another thing, wholly."))
    )
    merged = merge(base, base.replace("y", f"{ours}\ny"), base.replace("y", f"{theirs}\ny"))
    assert merged.conflicts
    other = theirs.replace("[P-5]", "[P-6]")
    assert not merge(
        base, base.replace("y", f"{ours}\ny"), base.replace("y", f"{other}\ny")
    ).conflicts


def test_words_are_asked_about_rather_than_garbled(monkeypatch):
    """Should a change of one side ever be left out of the reckoning: both versions stand, whole."""
    base = "One two three.\n\nFour five six.\n\nSeven eight.\n"
    ours, theirs = base.replace("One", "1"), base.replace("eight", "8").replace("Four", "4")
    gather = groups.gather

    def forgetful(*given):
        return [each for each in gather(*given) if not each.theirs or each.start > 20]

    monkeypatch.setattr(groups, "gather", forgetful)
    found = merge(base, theirs, ours)
    assert {*found.text.split()} <= {*(ours + theirs).split()}
    assert found.conflicts


def test_what_both_got_from_somewhere_stands_once_where_ours_has_it():
    """Also in two places: on either side of a blank line, say. In other merges both are kept."""
    base = "# Plan\n\nOne line.\n"
    ours = "# Plan\ntyped\n\nfar one\nfar two\n\nOne line.\nmore\n"
    theirs = "# Plan\nfar one\n\nfar two\nfar three\nOne line.\n"
    merged = merge(base, theirs, ours, once=True)
    assert merged.text == "# Plan\ntyped\n\nfar one\nfar two\n\nfar three\nOne line.\nmore\n"
    assert not merged.conflicts
    assert merge(base, theirs, ours).text.count("far two") == 2
