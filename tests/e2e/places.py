"""Every address a person can look at, for the tests and for the screenshots."""

from __future__ import annotations

PAGE = "site/prds/checkout.md"

SERVER = {
    "home": "/",
    "pages": "/pages",
    "page": f"/p/main/{PAGE}",
    "edit": f"/edit/main/{PAGE}",
    "history": f"/history/main/{PAGE}",
    "difference": f"/diff/main/{PAGE}",
    "drafts": "/drafts",
    "new": "/new",
    "search": "/search?q=checkout",
    "search-nothing": "/search?q=zebrafish",
    "requirements": "/requirements",
    "people": "/people",
    "tokens": "/tokens",
    "notifications": "/notifications",
    "sign-in": "/sign-in",
    "problem": "/problems/no-such-page",
    "not-found": "/p/main/nothing.md",
}
"""Name → address of the server's own pages, in the example repository."""

SITE = {
    "site-home": "/site/",
    "site-page": "/site/prds/checkout/",
    "site-pages": "/site/pages/",
    "site-requirements": "/site/requirements/",
    "site-statuses": "/site/statuses/",
    "site-owners": "/site/owners/",
    "site-status": "/site/statuses/approved/",
    "site-tags": "/site/tags/",
    "site-not-found": "/site/no/such/page/",
}
"""Name → address of the published site."""
