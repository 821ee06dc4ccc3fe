"""What `prdgen doctor` says."""

from prdgen import settings
from prdgen.flows import doctor, init
from prdgen.git import setup


def test_what_the_site_file_asks_for_in_vain_is_said(tmp_path):
    """A repository's own program for MkDocs is not run, and its owner hears of it."""
    (tmp_path / "mkdocs.yml").write_text("site_name: Shop\nhooks: [program.py]\n", "utf-8")
    init.lay(tmp_path, example=False, say=lambda line: None)
    setup.commit_paths(tmp_path, ["mkdocs.yml"], "Configure the site")
    found = {each.name: each for each in doctor.look(settings.load(tmp_path))}
    assert found["site"].ok
    assert "line 2: " in found["site"].what
