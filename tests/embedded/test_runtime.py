"""The folder for sockets."""

from __future__ import annotations

import pytest

from prdgen.embedded import errors, runtime


@pytest.fixture
def state_dir(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    (tmp_path / "run").mkdir(mode=0o700)
    (tmp_path / "state").mkdir()
    monkeypatch.setattr("prdgen.embedded.runtime._LONGEST", 300)
    return tmp_path / "state"


def test_the_folder_is_private(state_dir):
    """Whoever can open the socket is let in."""
    assert runtime.folder(state_dir, "valkey").stat().st_mode & 0o777 == 0o700


def test_the_first_choice_holds_for_every_process(state_dir, monkeypatch):
    """A service and a shell have different XDG_RUNTIME_DIRs, but must meet."""
    first = runtime.folder(state_dir, "valkey")
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert runtime.folder(state_dir, "valkey") == first


def test_a_choice_whose_place_is_gone_is_made_again(state_dir, monkeypatch, tmp_path):
    """/run/user is emptied when the user's last session ends."""
    (state_dir / "valkey.runtime").write_text("/nonexistent/prdgen\n")
    assert runtime.folder(state_dir, "valkey").parent == tmp_path / "run"


def test_a_link_in_its_place_is_refused(state_dir, tmp_path):
    """Somebody else may have put it there."""
    target = runtime.folder(state_dir, "valkey")
    target.rmdir()
    (tmp_path / "elsewhere").mkdir()
    target.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(errors.RuntimeFolderUnsafe):
        runtime.folder(state_dir, "valkey")
