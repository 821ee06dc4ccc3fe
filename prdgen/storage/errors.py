"""What storage answers when it does not do what was asked."""

from __future__ import annotations

from prdgen.errors import PrdgenError


class StorageError(PrdgenError):
    """The storage {where} did not {what}: {got}."""

    cure = "Nothing is lost: readers go on with the build they had. Try `prdgen publish` again."
    status = 502
    retryable = True


class BadTarget(PrdgenError):
    """The site cannot be published to {where}: {got}."""

    cure = "Give `publish_to` a folder (`file:///srv/www/prds`) or a bucket (`s3://bucket/folder`)."
    exit_code = 2


class StorageAway(StorageError):
    """The storage {where} cannot be reached to {what}: {got}."""

    cure = "Readers go on with the build they had; prdgen tries again. Check `publish_endpoint`."
    status = 503


class StorageDenied(StorageError):
    """The storage {where} does not let prdgen {what}: {got}."""

    cure = (
        "Check `publish_key` and `publish_secret` (or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY). "
        "They need the right to list the bucket, and to get, put and delete its objects."
    )
    status = 502


class StorageMissing(StorageError):
    """The storage {where} has nothing of that kind to {what}: {got}."""

    cure = "Make the bucket, or correct `publish_to`, `publish_endpoint` and `publish_region`."


class StorageChanged(StorageError):
    """The storage {where} did not {what}: somebody else changed it meanwhile."""

    cure = "Nothing is lost; publish again."
    status = 409


class NoConditions(StorageError):
    """The storage {where} writes an object although it was told not to when there is one already."""

    cure = (
        "Without that, two publishers could mix their builds. Use storage with conditional writes "
        "(`If-None-Match` and `If-Match`), as S3, R2, GCS and current MinIO have them, or a folder."
    )
    retryable = False
