// JSON lines on stdin are commands, JSON lines on stdout their answers; and one clock for all.
import readline from "node:readline";

/** Milliseconds of the system's monotonic clock: the same in every process of this machine. */
export const now = () => Number(process.hrtime.bigint()) / 1e6;

/** Wait until `holds()` is true; fails after `seconds`. */
export async function until(holds, seconds = 30) {
  const end = now() + seconds * 1000;
  while (!holds()) {
    if (now() > end) throw new Error(`it did not come to hold in ${seconds} s`);
    await new Promise(done => setTimeout(done, 5));
  }
}

/** Press `count` keys, one every `every` ms; answers [[when, which change], …]. */
export async function typing({ count, every, after }, press) {
  const begin = now() + after;
  const typed = [];
  for (let number = 0; number < count; number++) {
    const wait = begin + number * every - now();
    if (wait > 0) await new Promise(done => setTimeout(done, wait));
    typed.push([now(), press()]);
  }
  return typed;
}

/** Obey until stdin ends. */
export async function obey(commands) {
  for await (const line of readline.createInterface({ input: process.stdin })) await answer(commands, JSON.parse(line));
  process.exit(0);
}

/** The same for several editors, each by the number in its commands; they do not wait for each other. */
export async function obeyEach(make) {
  const editors = new Map();
  const busy = new Map();
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const { editor, ...command } = JSON.parse(line);
    if (!editors.has(editor)) editors.set(editor, make(editor));
    busy.set(editor, (busy.get(editor) ?? Promise.resolve()).then(() => answer(editors.get(editor), command, { editor })));
  }
  process.exit(0);
}

async function answer(commands, { command, ...facts }, whose = {}) {
  try {
    console.log(JSON.stringify({ ...whose, answer: (await commands[command](facts)) ?? null }));
  } catch (error) {
    console.log(JSON.stringify({ ...whose, error: String(error?.stack ?? error) }));
  }
}
