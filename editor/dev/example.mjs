// The example page of the stand-in server, and a rendering of it that is good enough to look at.

export const example = `---
title: Checkout
status: draft
owner: ada@example.com
---

# Checkout

The checkout lets people pay in **under a minute**, on a phone, with one hand. It is the *last* step
before an order, and today one in three leaves there. See [the research](research.md).

## Goals

- [REQ-001] The total is visible on every step.
- [REQ-002] A person can pay without an account.
- [ ] Talk to the payments team
- [x] Agree on the \`amount\` format

> [!NOTE]
> Figures are from the second quarter.

## Figures

| Step | People | Left |
| --- | ---: | ---: |
| Basket | 1,204 | 11 % |
| Address | 1,071 | 18 % |

## Flow

\`\`\`mermaid
flowchart LR
    Basket --> Address --> Payment --> Done
\`\`\`

\`\`\`python
def total(items: list[Item]) -> Money:
    """The sum people see, taxes included."""
    return sum(item.price for item in items)
\`\`\`

## Open questions

1. Do we keep the basket for a week?
2. Which wallets come first?

### Risks

Payment providers change their terms. REQ-002 depends on the law of each country.
`;

function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function inline(text) {
  return escaped(text)
    .replace(/\[([A-Z]+-\d+)\]/g, '<span class="requirement">$1</span>')
    .replace(/\*\*(.+?)\*\*/g, "<strong>$1</strong>")
    .replace(/\*(.+?)\*/g, "<em>$1</em>")
    .replace(/`(.+?)`/g, "<code>$1</code>")
    .replace(/\[(.+?)\]\((.+?)\)/g, '<a href="$2">$1</a>');
}

function block(chunk, line) {
  const at = `data-line="${line}"`;
  const heading = /^(#{1,6}) (.*)$/.exec(chunk);
  if (heading) return `<h${heading[1].length} ${at}>${inline(heading[2])}</h${heading[1].length}>`;
  if (chunk.startsWith("```")) return `<pre ${at}><code>${escaped(chunk.split("\n").slice(1, -1).join("\n"))}</code></pre>`;
  if (/^(-|\d+\.) /.test(chunk)) {
    const tag = chunk.startsWith("-") ? "ul" : "ol";
    const items = chunk.split("\n").map((one, index) => `<li data-line="${line + index}">${inline(one.replace(/^(-|\d+\.) /, ""))
      .replace(/^\[( |x)\]/, (_all, mark) => `<input type="checkbox" disabled ${mark === "x" ? "checked" : ""}>`)}</li>`);
    return `<${tag} ${at}>${items.join("")}</${tag}>`;
  }
  if (chunk.startsWith("|")) {
    const rows = chunk.split("\n").filter((row) => !/^\|[ :-]+\|/.test(row))
      .map((row, index) => `<tr>${row.split("|").slice(1, -1).map((cell) => index ? `<td>${inline(cell)}</td>` : `<th>${inline(cell)}</th>`).join("")}</tr>`);
    return `<table ${at}>${rows.join("")}</table>`;
  }
  if (chunk.startsWith(">")) return `<blockquote ${at}><p>${inline(chunk.replace(/^> ?/gm, "").replace(/\[!NOTE\]\n/, "Note: "))}</p></blockquote>`;
  return `<p ${at}>${inline(chunk)}</p>`;
}

/** What POST /api/preview answers. */
export function rendered(text) {
  const front = /^---\n[\s\S]*?\n---\n/.exec(text)?.[0] ?? "";
  let line = front.split("\n").length;
  const html = [];
  const outline = [];
  let chunk = [];
  let fenced = false;
  const close = () => {
    if (chunk.length > 0) html.push(block(chunk.join("\n"), line - chunk.length));
    const heading = /^(#{1,6}) (.*)$/.exec(chunk[0] ?? "");
    if (heading) outline.push({ level: heading[1].length, text: heading[2], slug: heading[2].toLowerCase(), line: line - chunk.length });
    chunk = [];
  };
  for (const one of [...text.slice(front.length).split("\n"), ""]) {
    if (one.startsWith("```")) fenced = !fenced;
    if (one.trim() || fenced) chunk.push(one);
    else close();
    line += 1;
  }
  const problems = text.split("\n").flatMap((one, index) =>
    one.includes("research.md") ? [{ line: index + 1, message: "No page research.md.", hint: "Create it, or correct the link." }] : []);
  return { html: html.join("\n"), problems, outline };
}
