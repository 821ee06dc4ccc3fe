"""What can go wrong with a page's file, each with what to do about it."""

from __future__ import annotations

from prdgen.errors import PrdgenError, TooLarge, Unavailable


class NotEditable(PrdgenError):
    """This file cannot be edited live: {reason}."""

    cure = "It can be read here and edited with Git; convert it to UTF-8 text to edit it live."
    status = 422


class OutsideRoot(PrdgenError):
    """{path} is not inside {root}."""

    cure = "Pages are read and written inside the repository's working tree only."
    status = 400


class LinkRefused(PrdgenError):
    """{path} leads through a symbolic link at {at}, and links are never followed."""

    cure = "Replace the link by the file itself; a link could lead out of the repository."
    status = 422


class NotAFile(PrdgenError):
    """{path} is not a regular file but {got}."""

    cure = "Move it away; a page's name must belong to a file."
    status = 422


class FileTooLarge(TooLarge):
    """{path} is larger than {expected} bytes."""

    cure = "Make it smaller; files of this size are not read as pages."


class FileNotWritable(PrdgenError):
    """{path} cannot be read or written: {got}."""

    cure = (
        "Give the user prdgen runs as the right to write there. Nothing is lost: the text is "
        "stored and is written as soon as it can be."
    )
    retryable = True


class DiskFull(Unavailable):
    """There is no space left to write {path}: {got}."""

    cure = (
        "Make room on the disk. Nothing is lost: the text is stored and is written as soon as "
        "it can be."
    )
