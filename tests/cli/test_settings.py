"""Settings: where they come from, which are refused, and in which words."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from prdgen import settings
from prdgen.cli.main import main
from prdgen.settings import BadSettings


def refusal(folder: Path, toml: str = "", **environment: str) -> str:
    """What `load` says to these settings."""
    (folder / "prdgen.toml").write_text(toml, "utf-8")
    with pytest.raises(BadSettings) as caught:
        settings.load(folder, environment)
    return str(caught.value)


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ('port = "many"', "prdgen.toml: port: expected a whole number from 0 to 65535, got 'many'"),
        ("port = 70000", "expected a whole number from 0 to 65535, got 70000"),
        ("port = 84.5", "expected a whole number from 0 to 65535, got 84.5"),
        ("port = true", "expected a whole number from 0 to 65535, got True"),
        ("live_limit = 1", "expected a whole number of at least 1024, got 1"),
        ("quiet_seconds = nan", "expected a number of at least 0.1, got nan"),
        ("quiet_seconds = []", "expected a number of at least 0.1, got []"),
        (
            "allowed_hosts = 5",
            "expected a list of texts (in the environment with commas between), got 5",
        ),
        ("allowed_hosts = [1]", "expected a list of texts"),
        ('log_level = "loud"', "expected debug, info, warning or error, got 'loud'"),
        ('log_json = "perhaps"', "expected true or false, got 'perhaps'"),
        ("host = 127", "expected an address of this machine, got 127"),
        ("host = ''", "expected an address of this machine, got ''"),
        ("state_dir = 5", "expected text, got 5"),
        ("database_url = 'mysql://me:secret@x'", "begins with postgresql://, got something else"),
        ("redis_url = 'localhost'", "begins with redis://, rediss:// or unix://, got something"),
        ("base_url = 'prds.example.org'", "begins with http:// or https://, got 'prds.example"),
        ("base_url = 'https://x.example/sub/path'", "an address without a path that begins with"),
        ("site_url = 'ftp://x'", "begins with http:// or https://, got 'ftp://x'"),
        ("public_dir = '.'", "expected a folder inside the repository, or an absolute path"),
        ("public_dir = '../out'", "expected a folder inside the repository"),
        ("public_dir = './.git/x'", "expected a folder inside the repository"),
        ("public_dir = ''", "expected a folder inside the repository"),
        ("pages = ['docs/**', '../x/**']", "expected globs of files inside the repository"),
        ("pages = ['/etc/**']", "expected globs of files inside the repository"),
        ("prot = 80", "there is no setting 'prot' (did you mean port?)"),
        ("nonsense = 1", "there is no setting 'nonsense'"),
        ('repository = "x"', "repository is named by --repository or PRDGEN_REPOSITORY"),
        ("port = ", "prdgen.toml: it is not TOML: "),
    ],
)
def test_what_cannot_be_used_is_said_with_what_was_expected(tmp_path, toml, said):
    """Place, setting, expected, got; never Python's own words."""
    assert said in refusal(tmp_path, toml)


def test_the_environment_is_checked_as_the_file_is(tmp_path):
    """A variable that is no number, and one whose file is missing, are named, both at once."""
    told = refusal(tmp_path, PRDGEN_PORT="84OO", PRDGEN_REDIS_URL_FILE=str(tmp_path / "none"))
    assert "PRDGEN_PORT: port: expected a whole number from 0 to 65535, got '84OO'" in told
    assert f"PRDGEN_REDIS_URL_FILE: {tmp_path / 'none'}: No such file or directory" in told


def test_a_mistyped_variable_is_an_error_that_names_the_setting(tmp_path):
    """Otherwise a server would run on its embedded database, and nobody would know."""
    told = refusal(tmp_path, PRDGEN_DATABSE_URL="postgresql://x")
    assert (
        "PRDGEN_DATABSE_URL: there is no such setting (did you mean PRDGEN_DATABASE_URL?)" in told
    )
    assert "PRDGEN_DATABASE_URL?" in refusal(tmp_path, PRDGEN_DATABASEURL_FILE="/run/secret")
    assert "(did you mean PRDGEN_PORT?)" in refusal(tmp_path, PRDGEN_PROT="80")
    assert "(did you mean PRDGEN_HOST?)" in refusal(tmp_path, PRDGEN_HOTS="::")


def test_variables_of_others_are_only_told(tmp_path):
    """Kubernetes gives every container PRDGEN_SERVICE_HOST when a service is called prdgen."""
    environment = {"PRDGEN_SERVICE_HOST": "10.0.0.1", "HOME": "/", "PRDGEN_PORT": "8401"}
    assert settings.load(tmp_path, environment).port == 8401
    assert settings.unknown_variables(environment) == ["PRDGEN_SERVICE_HOST is no setting"]
    done = CliRunner().invoke(main, ["check", "-C", str(tmp_path)], env=environment)
    assert "Warning: PRDGEN_SERVICE_HOST is no setting" in done.stderr


def test_the_repository_on_the_command_line_counts_before_the_environment(tmp_path):
    """`-C` names a repository; PRDGEN_REPOSITORY is for calls without it."""
    environment = {"PRDGEN_REPOSITORY": str(tmp_path / "other")}
    assert settings.load(tmp_path, environment).repository == tmp_path
    assert settings.load(Path(), environment).repository == tmp_path / "other"


def test_what_the_forms_allow(tmp_path):
    """Every usual way to write them."""
    (tmp_path / "prdgen.toml").write_text(
        'database_url = "postgresql://u:p@h/db"\nredis_url = "unix:///run/redis.sock"\n'
        'base_url = "https://prds.example.org/"\nsite_url = "http://localhost:8000"\n'
        'public_dir = "./build/site"\npages = ["docs/**/*.md", "*.md"]\nhost = "::"\n'
    )
    assert settings.load(tmp_path, {}).public_dir == "./build/site"
    for folder in ("/srv/www", "public", ".public", "..public", "..."):
        assert settings.load(tmp_path, {"PRDGEN_PUBLIC_DIR": folder}).public_dir == folder
    assert (
        settings.load(tmp_path, {"PRDGEN_DATABASE_URL": "", "PRDGEN_BASE_URL": ""}).base_url == ""
    )
