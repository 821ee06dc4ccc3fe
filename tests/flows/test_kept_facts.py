"""Small facts beside the clone: whole whoever reads them, also when two keep them in the same moment."""

from concurrent.futures import ThreadPoolExecutor

from prdgen.flows import clone, kept_facts
from prdgen.settings import Settings

_NAME = "facts.json"


def test_two_that_save_in_the_same_moment_are_in_nobodys_way(repo):
    """As two people who press *Look now*: none of them fails, and what stands is what one of them said."""
    here = clone.open_clone(Settings(repository=repo.path))

    def saved(who: int) -> None:
        for number in range(200):
            kept_facts.save(here, _NAME, {"who": who, "number": number})
            assert kept_facts.load(here, _NAME).keys() == {"who", "number"}

    with ThreadPoolExecutor(4) as pool:
        assert [*pool.map(saved, range(4))] == [None] * 4
    assert kept_facts.load(here, _NAME)["number"] == 199
    assert [each.name for each in here.state_dir.iterdir()] == [_NAME]
