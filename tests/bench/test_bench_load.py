"""From frames to arrival times, and how much a load is."""

from bench import load, repositories
from bench.load import Load


def test_a_change_counts_from_the_frame_that_left_to_the_one_that_arrived():
    """Later frames with the same change, and what the client waited before, do not count."""
    keys = [(0.0, "a"), (50.0, "b")]
    sent = [(100.0, ["a"]), (150.0, ["b", "a"])]
    near = [(104.0, ["a"]), (160.0, ["b"])]
    far = [(190.0, ["a", "b"])]
    found = load.match(keys, sent, [near, far])
    assert found.frame == [4, 10, 90, 40]
    assert found.key == [104, 110, 190, 140]


def test_a_change_that_never_came_is_left_out():
    """It shows in `converged`, not as a time."""
    assert load.match([(0.0, "a")], [(1.0, ["a"])], [[]]).frame == []
    assert load.match([(0.0, "a")], [], [[(9.0, ["a"])]]).frame == []


def test_what_a_load_is():
    """Edits are counted for all editors of all documents."""
    amount = Load(documents=2, editors=3, rate=5, seconds=4)
    assert (amount.edits_of_one, amount.edits) == (20, 120)


def test_every_editor_has_a_place_of_its_own():
    """The page is about as long as wanted, and each marker stands in it once."""
    text = repositories.page_text(0, editors=4, characters=8000)
    assert 7500 < len(text) < 8500
    assert all(text.count(repositories.marker(editor)) == 1 for editor in range(1, 5))
