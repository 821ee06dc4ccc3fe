"""Git knows of the merge driver, and of the pages it is for, and is as before when it is taken out."""

from prdgen.git import doctor, driver, driver_setup


def attribute(repo, path):
    return repo.git("check-attr", "merge", path).rpartition(" ")[2]


def _merging(repo):
    """What the doctor says of it."""
    return next(each.what for each in doctor.check(repo.path) if each.name == "merging")


def test_the_driver_is_set_up_once_and_taken_out(repo):
    """In this clone's own configuration."""
    before = repo.git("config", "--local", "--list")
    assert not _merging(repo).endswith("here word by word")
    assert driver_setup.install(repo.opened, "")
    assert _merging(repo).endswith("word by word")
    assert not driver_setup.install(repo.opened, "")
    assert "%O %A %B" in repo.git("config", "merge.prdgen.driver")
    assert driver_setup.uninstall(repo.opened)
    assert not driver_setup.uninstall(repo.opened)
    assert repo.git("config", "--local", "--list") == before


def test_pages_of_this_clone_are_given_to_it(repo):
    """In .git/info, so that nothing tracked changes; other lines there stay."""
    repo.put({".git/info/attributes": "*.png binary"})
    assert driver_setup.chosen(repo.opened) == {"unspecified"}
    assert driver_setup.attribute(repo.opened)
    assert not driver_setup.attribute(repo.opened)
    assert (attribute(repo, "a/b.md"), attribute(repo, "a.png")) == ("prdgen", "unset")
    assert driver_setup.unattribute(repo.opened)
    assert (repo.path / ".git/info/attributes").read_text() == "*.png binary\n"


def test_what_a_repository_has_chosen_is_seen(repo):
    """For any of its pages."""
    repo.put({".gitattributes": "docs/*.md merge=union\n", "docs/log.md": "x\n"})
    repo.commit()
    assert driver_setup.chosen(repo.opened) == {"unspecified", "union"}


def test_the_conflict_style_is_gits(repo, monkeypatch):
    """Configured, or given for one command with -c."""
    assert driver.conflict_style(repo.path) == "merge"
    repo.git("config", "merge.conflictStyle", "zdiff3")
    assert driver.conflict_style(repo.path) == "zdiff3"
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", "'merge.conflictstyle'='diff3'")
    assert driver.conflict_style(repo.path) == "diff3"
