// Many official automerge-repo clients in one process, each with a connection of its own. Every word
// they type carries a serial number, so that a lost or doubled one is seen.
import * as A from "@automerge/automerge";
import { Repo } from "@automerge/automerge-repo";
import { WebSocketClientAdapter } from "@automerge/automerge-repo-network-websocket";
import { now, obey, until } from "./commands.mjs";

const people = [];
let typing;

class Watched extends WebSocketClientAdapter {
  refusals = 0;

  receiveMessage(bytes) {
    super.receiveMessage(bytes);
  }

  onMessage = event => {
    try {
      this.receiveMessage(event.data);
    } catch {
      this.refusals += 1; // The server's error message ends a connection; the client comes again.
    }
  };
}

async function find(repo, url) {
  for (let tries = 0; ; tries++) {
    try {
      return await repo.find(url);
    } catch (error) {
      if (tries > 300) throw error;
      await new Promise(done => setTimeout(done, 100));
    }
  }
}

const textOf = person => String(person.handle.doc().content);

function type(person) {
  const word = ` ${person.name}x${person.typed.length}x`;
  person.typed.push(word.trim());
  person.handle.change(doc => A.splice(doc, ["content"], textOf(person).length, 0, word));
}

obey({
  /** One client for each place: { name, url, document }. */
  join: async ({ places, retry }) => {
    const found = places.map(async ({ name, url, document }) => {
      const network = new Watched(url, retry);
      const repo = new Repo({ network: [network] });
      return { name, network, repo, handle: await find(repo, document), typed: [] };
    });
    people.push(...(await Promise.all(found)));
    return people.length;
  },
  /** Everyone types a word every `every` ms, out of step, until `stop`. */
  start: ({ every }) => {
    let turn = 0;
    typing = setInterval(() => type(people[turn++ % people.length]), every / people.length);
  },
  stop: () => {
    clearInterval(typing);
    return people.map(person => person.typed);
  },
  /** Wait until everyone's text has `lengths[i]` letters; when that was. */
  settle: async ({ lengths, seconds }) => {
    await until(() => people.every((person, i) => textOf(person).length === lengths[i]), seconds);
    return now();
  },
  texts: () => people.map(textOf),
  /** Wait until every page has `wanted` in it; when that was. */
  seen: async ({ wanted, seconds }) => {
    await until(() => people.every(person => textOf(person).includes(wanted)), seconds);
    return now();
  },
  refusals: () => people.reduce((sum, { network }) => sum + network.refusals, 0),
});
