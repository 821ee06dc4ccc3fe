"""The whole server on a repository, without a socket; and browsers that talk to it."""

import asyncio
import re
from contextlib import AsyncExitStack, asynccontextmanager
from html.parser import HTMLParser

import httpx2
import uvicorn

from prdgen import settings
from prdgen.flows import context, follow, index, table
from prdgen.server import app as app_module
from prdgen.server import auth, quick
from prdgen.store import access, people

BASE = "http://127.0.0.1:8400"
HTML = {"accept": "text/html"}


class Browser(httpx2.AsyncClient):
    """A client that is signed in, or not; `send_form` and `send_json` bring the form token."""

    person: people.Person | None = None

    async def token(self) -> str:
        """The form token, as a page of this session carries it."""
        found = re.search(r'name="csrf" value="(\w+)"', (await self.get("/people")).text)
        assert found
        return found[1]

    async def send_form(self, address: str, **fields: str) -> httpx2.Response:
        return await self.post(address, data={"csrf": await self.token(), **fields}, headers=HTML)

    async def send_json(self, address: str, body: object, method: str = "POST") -> httpx2.Response:
        headers = {"x-csrf-token": await self.token()}
        return await self.request(method, address, json=body, headers=headers)


class House:
    """An open server; `await house.as_("editor")` is a browser of a person with that role."""

    def __init__(self, app: context.App) -> None:
        self.app = app
        self.served = app_module.create_app(app)
        self.browsers: list[Browser] = []

    def anyone(self, **more: object) -> Browser:
        """A browser that is not signed in."""
        transport = httpx2.ASGITransport(app=self.served, raise_app_exceptions=False)
        made = Browser(transport=transport, base_url=BASE, **more)
        self.browsers.append(made)
        return made

    async def person(self, role: str) -> people.Person:
        email = f"{role}@example.org"
        async with self.app.store.transaction() as tx:
            return await people.get_by_email(tx, email) or await people.create(
                tx, role.capitalize(), email, "#2563eb", role
            )

    async def as_(self, role: str) -> Browser:
        """A browser signed in as a person with this role."""
        browser, browser_person = self.anyone(), await self.person(role)
        async with self.app.store.transaction() as tx:
            secret = await access.start_session(tx, browser_person.id)
        browser.cookies.set(auth.cookie_name(self.app), secret)
        browser.person = browser_person
        return browser

    async def api(self, role: str, scope: str = "write") -> Browser:
        """A program with an API token of a person with this role."""
        found = await self.person(role)
        async with self.app.store.transaction() as tx:
            token, _ = await access.make_token(tx, found.id, "test", scope)
        return self.anyone(headers={"authorization": f"Bearer {token}"})

    async def follow(self) -> str:
        """Bring index and site to the tips, as the worker would."""
        for branch in self.app.repository.branches():
            await index.branch(self.app, branch)
            await index.words(self.app, branch)
        tip = self.app.repository.tip(self.app.main_branch)
        await follow.publish_tip(self.app, tip)
        return tip


@asynccontextmanager
async def opened(folder, database_url: str, redis_url: str, *, follow: bool = True, **chosen):
    """A house on the repository in `folder`, open during the block."""
    values = settings.load(
        folder, {}, {"database_url": database_url, "redis_url": redis_url, "port": 8400, **chosen}
    )
    async with AsyncExitStack() as stack:
        app = await stack.enter_async_context(context.open_app(values, table.tasks))
        house = House(app)
        await stack.enter_async_context(house.served.router.lifespan_context(house.served))
        if follow:
            await house.follow()
        yield house
        for browser in house.browsers:
            await browser.aclose()


@asynccontextmanager
async def on_a_port(house: House):
    """The same server behind a real socket, for what streams; gives `host:port`."""
    config = uvicorn.Config(
        house.served,
        port=0,
        lifespan="off",
        log_config=None,
        http=quick.Http,
        ws="websockets-sansio",
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None
    task = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0)
    yield f"127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = server.force_exit = True
    await task


class Seen(HTMLParser):
    """What a browser would see in a page: links, forms, scripts, styles, text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.words += data

    def all(self, *tags: str) -> list[dict[str, str]]:
        return [attributes for tag, attributes in self.elements if tag in tags]

    def links(self) -> list[str]:
        """Every address the page points to."""
        found = [a["href"] for a in self.all("a", "link") if "href" in a]
        found += [a["src"] for a in self.all("img", "script") if "src" in a]
        forms = [a for a in self.all("form") if a.get("method", "get") == "get"]
        return found + [a["action"] for a in forms if "action" in a]
