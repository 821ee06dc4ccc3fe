"""Where a site may be published to, as people write it; what cannot be is said."""

from pathlib import Path

import pytest

from prdgen.storage import address
from prdgen.storage.address import Folder, InBucket
from prdgen.storage.errors import BadTarget

BELOW = Path("/srv/prds")


@pytest.mark.parametrize(
    "text, found",
    [
        ("file:///srv/www%20a", Folder(Path("/srv/www a"))),
        ("file:/srv/www", Folder(Path("/srv/www"))),
        ("/srv/www", Folder(Path("/srv/www"))),
        ("out", Folder(Path("/srv/prds/out"))),
        ("s3://prds.example.org", InBucket("prds.example.org", "")),
        ("s3://prds/a/b/", InBucket("prds", "a/b")),
    ],
)
def test_folders_and_buckets(text, found):
    assert address.of(text, BELOW) == found


@pytest.mark.parametrize(
    "text, why",
    [
        ("ftp://x/y", "not ftp:"),
        ("file://host/x", "host host"),
        ("s3://", "cannot be the name"),
        ("s3://UPPER", "cannot be the name"),
        ("s3://prds/../x", "dots"),
        ("s3://prds/a//b", "empty parts"),
        ("s3://AKIA:secret@prds/x", "keys are settings"),
    ],
)
def test_what_cannot_be_is_said(text, why):
    """With a cure, and never with a key in it."""
    with pytest.raises(BadTarget, match=why) as caught:
        address.of(text, BELOW)
    assert "secret" not in str(caught.value)
    assert "publish_to" in caught.value.hint
