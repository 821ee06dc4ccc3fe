"""Each CDN is told what changed, in its own words, within its limits, and until it was."""

import logging
from dataclasses import replace
from uuid import uuid4

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from prdgen import serving
from prdgen.cdn import opening, signature
from prdgen.cdn.changes import Access, Changes
from prdgen.cdn.errors import BadCdn, CdnAway, CdnBusy, CdnDenied, CdnGarbled, CdnMissing
from prdgen.delivery import headers

from delivery import buckets  # isort: skip

from . import vendors

FASTLY, ZONE = "SU1Z0isxPaozGVKXdv0eY", "023e105f4ecef8ad9ca31a8372d0c353"
SITE = "https://prds.example.org"


def changes(number: int = 2, top: str = "/") -> Changes:
    paths = ["a b/index.html", "ä.md", *(f"p{n}/index.html" for n in range(number - 2))][:number]
    return Changes(
        keys=[serving.key(path) for path in paths],
        addresses=[top.rstrip("/") + a for path in paths for a in headers.addresses(path)],
        everything=serving.EVERYTHING, top=top,
    )  # fmt: skip


@pytest.fixture(params=["fastly", "cloudflare"])
def vendor(request):
    served = vendors.Vendor(getattr(vendors, request.param))
    served.kind = request.param
    served.access = Access(
        {"fastly": FASTLY, "cloudflare": ZONE}[request.param], served.api, site=SITE,
        token=vendors.TOKEN, seconds=2.0,
    )  # fmt: skip
    yield served
    served.close()
    assert not served.problems, "\n".join(served.problems)


async def forget(vendor, what: Changes, **more) -> int:
    async with opening.opened(vendor.kind, replace(vendor.access, **more)) as cdn:
        return await cdn.forget(what)


async def test_by_key_and_by_address(vendor):
    """Both know the same change both ways."""
    assert await forget(vendor, changes(), by="keys") == 1
    assert vendor.forgotten == list(changes().keys)
    vendor.forgotten.clear()
    await forget(vendor, changes(), by="addresses")
    begin = SITE if vendor.kind == "cloudflare" else "prds.example.org"
    assert vendor.forgotten == [
        f"{begin}{a}" for a in ("/a%20b/", "/a%20b/index.html", "/%C3%A4.md")
    ]


async def test_many_go_in_batches_and_very_many_as_one(vendor):
    """Within the vendor's limits; the whole site when that is cheaper."""
    most = {"fastly": 256, "cloudflare": 100}[vendor.kind]
    assert await forget(vendor, changes(most * 2 + 1), by="keys") == 3
    assert len(vendor.forgotten) == len(set(vendor.forgotten)) == most * 2 + 1
    vendor.forgotten.clear()
    assert await forget(vendor, changes(5_000), by="keys") == 1
    assert vendor.forgotten == ["prdgen-site"]


async def test_cloudflare_forgets_a_prefix_when_addresses_are_very_many():
    """Its own part of the host, when the site has only a part."""
    served = vendors.Vendor(vendors.cloudflare)
    served.kind, served.access = (
        "cloudflare",
        Access(ZONE, served.api, site=SITE, token=vendors.TOKEN),
    )
    await forget(served, changes(2_000, top="/docs/"), by="addresses")
    served.close()
    assert served.forgotten == ["prds.example.org/docs/"]
    assert not served.problems


async def test_a_vendor_that_is_busy_is_asked_again_when_it_says(vendor):
    """`Retry-After` in seconds is waited for; without one, or a long one, it is for the next run."""
    vendor.says = [(429, {"Retry-After": "0"}, b""), (503, {"Retry-After": "0"}, b"{}"), "drop"]
    await forget(vendor, changes(), by="keys")
    assert vendor.forgotten == list(changes().keys)
    for headers_of, seconds in (({"Retry-After": "3000"}, 3000), ({}, 30)):
        vendor.says = [(429, headers_of, b"")]
        with pytest.raises(CdnBusy) as caught:
            await forget(vendor, changes(), by="keys")
        assert caught.value.seconds == seconds


@pytest.mark.parametrize(
    "said, kind",
    [((401, {}, f'{{"msg": "no {vendors.TOKEN}"}}'.encode()), CdnDenied), ((404, {}, b""), CdnMissing), ((200, {}, b"<html>"), CdnGarbled),
     ((302, {"Location": "/login"}, b""), CdnGarbled), ((200, {}, b"{}"), CdnGarbled)],
)  # fmt: skip
async def test_what_a_vendor_says_is_said_with_a_cure(vendor, said, kind):
    """And never the token."""
    vendor.says = [said]
    with pytest.raises(kind) as caught:
        await forget(vendor, changes(), by="keys")
    assert caught.value.hint
    assert vendors.TOKEN not in f"{caught.value}{caught.value.hint}"


async def test_a_vendor_that_is_away_is_said(vendor, caplog):
    """After its tries; nothing in the log shows the token."""
    caplog.set_level(logging.DEBUG)
    vendor.says = [(500, {}, b"")] * 4
    with pytest.raises(CdnAway):
        await forget(vendor, changes(), by="keys")
    assert len(vendor.requests) == 4
    assert vendors.TOKEN not in caplog.text
    assert vendors.TOKEN not in repr(vendor.access)


async def test_a_wrong_token_is_refused(vendor):
    with pytest.raises(CdnDenied, match="40"):
        await forget(vendor, changes(), by="keys", token="other")


def test_settings_that_cannot_be_are_said():
    """Before anybody is asked."""
    for kind, access, why in (
        ("akamai", Access("x"), "akamai"),
        ("fastly", Access("", token="t"), "cdn_id"),
        ("fastly", Access("x"), "cdn_token"),
        ("cloudflare", Access("x", token="t"), "site_url"),
        ("cloudfront", Access("x", token="t"), "publish_key"),
    ):
        with pytest.raises(BadCdn, match=why):
            opening.checked(kind, access)


@pytest.fixture(scope="module")
def amazon():
    with buckets.served() as endpoint:
        yield endpoint


@pytest.fixture
def distribution(amazon):
    """A distribution of moto's CloudFront, and a client that others wrote."""
    client = boto3.client(
        "cloudfront", endpoint_url=amazon, region_name="us-east-1",
        aws_access_key_id=buckets.KEY, aws_secret_access_key=buckets.SECRET,
    )  # fmt: skip
    origin = {
        "Id": "o",
        "DomainName": "b.s3.amazonaws.com",
        "S3OriginConfig": {"OriginAccessIdentity": ""},
    }
    behaviour = {"TargetOriginId": "o", "ViewerProtocolPolicy": "allow-all", "MinTTL": 0,
                 "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}}}  # fmt: skip
    made = client.create_distribution(DistributionConfig={
        "CallerReference": uuid4().hex, "Comment": "", "Enabled": True,
        "Origins": {"Quantity": 1, "Items": [origin]}, "DefaultCacheBehavior": behaviour,
    })  # fmt: skip
    number = made["Distribution"]["Id"]

    def seen() -> list[list[str]]:
        lists = client.list_invalidations(DistributionId=number)["InvalidationList"].get(
            "Items", []
        )
        ids = [each["Id"] for each in lists]
        found = [client.get_invalidation(DistributionId=number, Id=each) for each in ids]
        return [f["Invalidation"]["InvalidationBatch"]["Paths"]["Items"] for f in found]

    access = Access(number, amazon, site=SITE, key=buckets.KEY, secret=buckets.SECRET, seconds=5.0)
    return access, seen


async def test_cloudfront_invalidates_paths_tags_or_everything(distribution):
    """As moto's CloudFront understands it, which others wrote."""
    access, seen = distribution
    for by, number, expected in (
        ("addresses", 2, ["/a%20b/", "/a%20b/index.html", "/%C3%A4.md"]),
        ("keys", 2, [f"#{key}" for key in changes(2).keys]),
        ("addresses", 500, ["/*"]),
        ("keys", 500, ["#prdgen-site"]),
    ):
        before = seen()
        async with opening.opened("cloudfront", replace(access, by=by)) as cdn:
            assert await cdn.forget(changes(number)) == 1
        new = seen()
        for each in before:
            new.remove(each)
        assert new == [expected]


async def test_cloudfront_that_is_unknown_or_full_is_said(distribution):
    access, _ = distribution
    with pytest.raises(CdnMissing, match="NoSuchDistribution"):
        async with opening.opened("cloudfront", replace(access, service="nope")) as cdn:
            await cdn.forget(changes())
    full = vendors.Vendor(lambda *_: (400, {}, b"<Code>TooManyInvalidationsInProgress</Code>"))
    with pytest.raises(CdnBusy, match="TooMany"):
        async with opening.opened("cloudfront", replace(access, api=full.api)) as cdn:
            await cdn.forget(changes())
    full.close()


@pytest.mark.parametrize("session", ["", "a-session"])
def test_a_signature_is_as_botocore_signs(session):
    """The same request at the same moment has the same signature."""
    address, body = (
        "https://cloudfront.amazonaws.com/2020-05-31/distribution/E2/invalidation",
        b"<x/>",
    )
    theirs = AWSRequest("POST", address, data=body, headers={})
    keys = Credentials("AKIA", "secret/+", session or None)
    SigV4Auth(keys, "cloudfront", "us-east-1").add_auth(theirs)
    from datetime import UTC, datetime

    at = datetime.strptime(theirs.headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    ours = signature.signed(
        "POST", address, body, signature.Keys("AKIA", "secret/+", session),
        region="us-east-1", service="cloudfront", at=at,
    )  # fmt: skip
    assert ours["Authorization"] == theirs.headers["Authorization"]
