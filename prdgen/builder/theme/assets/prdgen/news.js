/* An open page learns that it was published anew and offers to show it; it never reloads by itself.
   At a prdgen server the news come by themselves (one connection for all tabs of a browser); elsewhere, and
   for readers who are not signed in, the page asks now and then, which costs an answer without a body. */
(() => {
  "use strict";
  const { base, element } = window.prdgen;
  const MARK = 'meta[name="prdgen-shown"]';
  const shown = document.querySelector(MARK)?.content;
  if (!shown || !location.protocol.startsWith("http")) return;
  const SECOND = 1000, FIRST = 60 * SECOND, LONGEST = 600 * SECOND, APART = 10 * SECOND, SPREAD = 1500;
  const root = base().pathname;
  const atServer = root === "/site/";
  let timer = 0, pause = FIRST, looked = Date.now(), told = "", following = null;

  const path = () => {
    const below = decodeURIComponent(location.pathname.slice(root.length));
    return below === "" || below.endsWith("/") ? `${below}index.html` : below;
  };

  /* What is published now: its mark; "gone" when there is no such page; "" when nobody can say. The browser's
     copy becomes the new one, so that following a link does not show the old page again. */
  async function published() {
    try {
      const answer = await fetch(location.href.split("#")[0], { cache: "no-cache" });
      if (answer.status === 404 || answer.status === 410) return "gone";
      if (!answer.ok || answer.redirected) return "";
      return new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(MARK)?.content || "";
    } catch {
      return "";
    }
  }

  async function look() {
    looked = Date.now();
    const now = await published();
    if (now === "" || now === told) return;
    told = now;
    document.querySelector(".prd-news")?.remove();
    if (now !== shown) offer(now === "gone");
  }

  function offer(gone) {
    const bar = element("div", { class: "prd-news", role: "status" },
      gone ? "This page is no longer published." : "This page has changed.");
    if (!gone) {
      const show = element("button", { type: "button" }, "Show the new version");
      show.addEventListener("click", () => location.reload());
      bar.append(show);
    }
    const close = element("button", { type: "button", "aria-label": "Close this notice" }, "×");
    close.addEventListener("click", () => bar.remove());
    bar.append(close);
    document.body.append(bar);
  }

  /* Asking now and then: only a page somebody looks at, ever more rarely, and not where data is to be saved. */
  function wait() {
    clearTimeout(timer);
    if (document.hidden || navigator.connection?.saveData) return;
    timer = setTimeout(async () => {
      await look();
      pause = Math.min(LONGEST, pause * 1.5);
      wait();
    }, pause * (0.8 + 0.4 * Math.random()));
  }

  function seen() {
    if (document.hidden) return clearTimeout(timer);
    pause = FIRST;
    if (Date.now() - looked > APART) look();
    wait();
  }

  /* Many readers hear at once; each waits a moment of its own. `null` is everything. */
  function hear(paths) {
    if (paths === null || paths.includes(path())) setTimeout(look, Math.random() * SPREAD);
  }

  function follow(channel, done) {
    const source = new EventSource("/site-news");
    let again = false;
    source.addEventListener("prd.updated", (event) => {
      const { paths } = JSON.parse(event.data);
      channel.postMessage(paths);
      hear(paths);
    });
    source.addEventListener("open", () => {
      /* What was said while the connection was down is not said again. */
      if (again) { channel.postMessage(null); hear(null); }
      again = true;
    });
    source.addEventListener("error", () => { if (source.readyState === EventSource.CLOSED) done(); });
    return () => { source.close(); done(); };
  }

  function listen() {
    if (!atServer || !navigator.locks || !window.BroadcastChannel) return;
    const channel = new BroadcastChannel("prdgen-site"), waiting = new AbortController();
    let stop = () => {};
    channel.addEventListener("message", (event) => hear(event.data));
    following = () => { waiting.abort(); stop(); channel.close(); following = null; };
    navigator.locks.request("prdgen-site", { signal: waiting.signal }, () => new Promise((done) => {
      stop = follow(channel, done);
    })).catch(() => {});
  }

  /* A page that was kept by the browser, for its age or for the way back, looks at once. */
  const [arrival] = performance.getEntriesByType("navigation");
  if (arrival && arrival.transferSize === 0) look();
  addEventListener("pagehide", () => { clearTimeout(timer); following?.(); });
  addEventListener("pageshow", (event) => { if (event.persisted) { listen(); look(); wait(); } });
  document.addEventListener("visibilitychange", seen);
  listen();
  wait();
})();
