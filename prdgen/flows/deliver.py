"""the public site → a folder or a bucket that others serve, whole; then the CDN is told what changed."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from functools import lru_cache

from prdgen.builder import artifacts, reading
from prdgen.builder.manifest import Manifest
from prdgen.builder.publication import Site
from prdgen.delivery.bucket import BucketTarget
from prdgen.delivery.build import Build, File, Kind
from prdgen.delivery.folder import FolderTarget
from prdgen.delivery.headers import Ages
from prdgen.delivery.state import now
from prdgen.delivery.target import Outcome, Progress, Read, Target, silent
from prdgen.flows import publish, purge
from prdgen.flows.clone import Clone
from prdgen.flows.errors import NothingBuilt, NowhereToPublish
from prdgen.settings import Settings
from prdgen.storage import address
from prdgen.storage.bucket import Access, Bucket


@dataclass(frozen=True, slots=True)
class Held:
    """Nothing was published: somebody went back from this very commit."""

    commit: str


@lru_cache(maxsize=4)
def target(settings: Settings, to: str = "") -> Target:
    """Where the site goes: `to`, or what the settings say. Raises NowhereToPublish, BadTarget.

    Nothing is asked of it yet; what it knows of the target's builds stays for the next time.
    """
    if not (named := to or settings.publish_to):
        raise NowhereToPublish
    found = address.of(named, settings.repository)
    keep, seconds, notes = settings.publish_keep, artifacts.KEEP_SECONDS, purge.is_on(settings)
    if isinstance(found, address.Folder):
        return FolderTarget(found.path, keep=keep, keep_seconds=seconds, notes_changes=notes)
    ages = Ages(settings.site_browser_seconds, settings.site_cdn_seconds)
    return BucketTarget(
        Bucket(access(settings, found)), ages, keep=keep, keep_seconds=seconds,
        notes_changes=notes,
    )  # fmt: skip


def access(settings: Settings, found: address.InBucket) -> Access:
    """How a bucket is reached, by the settings and what the environment has of them."""
    said = os.environ.get
    return Access(
        found.bucket,
        found.folder,
        settings.publish_endpoint
        or said("AWS_ENDPOINT_URL_S3", "")
        or said("AWS_ENDPOINT_URL", ""),
        settings.publish_region
        or said("AWS_REGION", "")
        or said("AWS_DEFAULT_REGION", "us-east-1"),
        settings.publish_key or said("AWS_ACCESS_KEY_ID", ""),
        settings.publish_secret or said("AWS_SECRET_ACCESS_KEY", ""),
        "" if settings.publish_key else said("AWS_SESSION_TOKEN", ""),
        settings.publish_seconds,
    )


def run(clone: Clone) -> Outcome | Held:
    """Publish the public site to where the settings say, unless somebody went back from this commit;
    objects are compared now and then. Blocks. Raises NothingBuilt, NowhereToPublish, and as
    `Target.publish` does.
    """
    place, site = target(clone.settings), publish.published(clone)
    build = wanted(site, twins=has_twins(clone.settings, place))
    if (state := place.state()) and state.rolled_from == build.commit:
        return Held(build.commit)
    return place.publish(build, reader(site))


def send(clone: Clone, place: Target, progress: Progress = silent) -> Outcome:
    """Publish what was built last to this place, every object there compared. Raises as `run` does."""
    site = publish.published(clone)
    build = wanted(site, twins=has_twins(clone.settings, place))
    return place.publish(build, reader(site), progress, check=True)


def plan(clone: Clone, place: Target) -> Outcome:
    """What `send` would do; nothing is changed. Raises as `run` does."""
    site = publish.published(clone)
    return place.plan(wanted(site, twins=has_twins(clone.settings, place)))


def has_twins(settings: Settings, place: Target) -> bool:
    """Whether the target gets the compressed twins too."""
    return settings.publish_twins or isinstance(place, FolderTarget)


def wanted(site: Site, *, twins: bool) -> Build:
    """The public site as a target shall have it. Raises NothingBuilt."""
    manifest = site.current()
    if manifest is None:
        raise NothingBuilt
    kinds = kinds_of(manifest)
    files = {path: File(name, kinds[path]) for path, name in manifest.files.items()}
    if twins:
        for path, name in manifest.files.items():
            for ending in artifacts.twins(path):
                if site.store.path(name, ending).exists():
                    files.setdefault(f"{path}.{ending}", File(f"{name}.{ending}", kinds[path]))
    lines = (f"{path}\0{file.name}\n" for path, file in sorted(files.items()))
    names = hashlib.sha256("".join((manifest.commit, *lines)).encode()).hexdigest()[:12]
    return Build(names, manifest.commit, now(), len(manifest.pages), files)


def kinds_of(manifest: Manifest) -> dict[str, Kind]:
    """What each file of the site is to its readers."""
    drawn = manifest.theme.keys() | manifest.search.keys() | manifest.retired.keys()
    drawn |= manifest.pictures.keys()
    kinds = dict.fromkeys(manifest.files, Kind.INDEX)
    kinds |= {path: Kind.FILE for path in drawn - manifest.search.keys() if path in kinds}
    kinds |= {path: Kind.FIXED for path in drawn if path in kinds and reading.is_lasting(path)}
    copied = {name for _, name in manifest.assets.values()}
    for page in manifest.pages.values():
        if page.url:
            kinds[f"{page.url}index.html"] = Kind.PAGE
    for path, name in manifest.files.items():
        if kinds[path] is Kind.INDEX and (name in copied or path.endswith(".md")):
            kinds[path] = Kind.FILE
    return kinds


def reader(site: Site) -> Read:
    """Reads artifacts of a site by name, and twins by name and ending."""

    def read(name: str) -> bytes | None:
        plain, _, ending = name.partition(".")
        return site.store.get(plain, ending)

    return read
