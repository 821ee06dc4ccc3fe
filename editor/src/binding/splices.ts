/** Between CodeMirror's change sets and Automerge's splices; all offsets are UTF-16 units. */
import { ChangeSet, type Text } from "@codemirror/state";

/** At `position`, delete `remove` units, then insert `insert`. Applied one after the other. */
export interface Splice {
  readonly position: number;
  readonly remove: number;
  readonly insert: string;
}

/** The part of an Automerge patch that is looked at. */
export interface TextPatch {
  readonly action: string;
  readonly path: readonly (string | number)[];
  readonly value?: unknown;
  readonly length?: number;
}

/** The splices that do what `changes` does, each in terms of the text after the one before. */
export function toSplices(changes: ChangeSet): Splice[] {
  const splices: Splice[] = [];
  changes.iterChanges((fromA, toA, fromB, _toB, inserted: Text) => {
    splices.push({ position: fromB, remove: toA - fromA, insert: inserted.sliceString(0) });
  });
  return splices;
}

/**
 * The same splices in groups of about `most` units inserted and deleted, one after the other: a large paste in parts,
 * none of which ends inside a pair. What is deleted in one piece stays in one piece. One group when there is little.
 */
export function inParts(splices: readonly Splice[], most: number): Splice[][] {
  const groups: Splice[][] = [[]];
  let size = 0;
  const add = (splice: Splice): void => {
    const weight = splice.remove + splice.insert.length;
    if (size > 0 && size + weight > most) {
      groups.push([]);
      size = 0;
    }
    groups.at(-1)!.push(splice);
    size += weight;
  };
  for (const { position, remove, insert } of splices) {
    if (remove + insert.length <= most) {
      add({ position, remove, insert });
      continue;
    }
    if (remove > 0) add({ position, remove, insert: "" });
    for (let from = 0; from < insert.length; ) {
      let to = Math.min(from + most, insert.length);
      if (to < insert.length && isLow(insert.charCodeAt(to))) to -= 1;
      add({ position: position + from, remove: 0, insert: insert.slice(from, to) });
      from = to;
    }
  }
  return groups;
}

/** The smallest single replacement that turns `before` into `after`; never inside a pair. */
export function replacement(before: string, after: string): Splice | null {
  if (before === after) return null;
  const most = Math.min(before.length, after.length);
  let start = 0;
  while (start < most && before.charCodeAt(start) === after.charCodeAt(start)) start += 1;
  if (start > 0 && isHigh(before.charCodeAt(start - 1))) start -= 1;
  let end = 0;
  while (
    end < most - start &&
    before.charCodeAt(before.length - 1 - end) === after.charCodeAt(after.length - 1 - end)
  ) end += 1;
  if (end > 0 && isLow(before.charCodeAt(before.length - end))) end -= 1;
  const insert = after.slice(start, after.length - end);
  return { position: start, remove: before.length - end - start, insert };
}

/**
 * The change set over a text of `length` units that a run of Automerge patches describes, or null
 * when a patch is no edit of `content` itself (the text object was replaced).
 */
export function fromPatches(patches: readonly TextPatch[], length: number): ChangeSet | null {
  let total = ChangeSet.empty(length);
  for (const patch of patches) {
    if (patch.path[0] !== "content") continue;
    const at = patch.path[1];
    if (patch.path.length !== 2 || typeof at !== "number") return null;
    const step = oneStep(patch, at);
    if (step === null) return null;
    total = total.compose(ChangeSet.of(step, total.newLength, "\n"));
  }
  return total;
}

function oneStep(patch: TextPatch, at: number) {
  if (patch.action === "splice" && typeof patch.value === "string") {
    return { from: at, insert: patch.value };
  }
  if (patch.action === "del") return { from: at, to: at + (patch.length ?? 1) };
  if (patch.action === "mark" || patch.action === "unmark") return [];
  return null;
}

/**
 * Another text under typed text: what the screen changes by when `before` becomes `after` beneath
 * `pending`, and `pending` in terms of `after`.
 */
export function onTop(
  before: string, after: string, pending: ChangeSet | null,
): { changes: ChangeSet; pending: ChangeSet | null } {
  const found = replacement(before, after);
  const spec = found ? { from: found.position, to: found.position + found.remove, insert: found.insert } : [];
  const under = ChangeSet.of(spec, before.length, "\n");
  if (!pending) return { changes: under, pending: null };
  return { changes: under.map(pending, true), pending: pending.map(under) };
}

/** First half of a surrogate pair. */
export function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

/** Second half of a surrogate pair. */
export function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
