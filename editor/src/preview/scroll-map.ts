/** Between lines of the source and heights in the preview: straight lines between known points. */

export interface Point {
  readonly line: number;
  readonly top: number;
}

/** Sorted by line, with one point a line and tops that never go back. */
export function tidy(points: readonly Point[]): Point[] {
  const sorted = [...points].sort((a, b) => a.line - b.line || a.top - b.top);
  const kept: Point[] = [];
  for (const point of sorted) {
    const last = kept.at(-1);
    if (!last || (point.line > last.line && point.top >= last.top)) kept.push(point);
  }
  return kept;
}

/** The height at which `line` (may be broken) is shown. `points` must be tidy. */
export function topOf(points: readonly Point[], line: number): number {
  return between(points.map(({ line: x, top: y }) => [x, y] as const), line);
}

/** The line shown at height `top`. `points` must be tidy. */
export function lineAt(points: readonly Point[], top: number): number {
  return between(points.map(({ line: y, top: x }) => [x, y] as const), top);
}

function between(points: readonly (readonly [number, number])[], x: number): number {
  const first = points[0];
  const last = points.at(-1);
  if (!first || !last) return 0;
  if (x <= first[0]) return first[1];
  if (x >= last[0]) return last[1];
  const index = points.findIndex((point) => point[0] > x);
  const [x0, y0] = points[index - 1]!;
  const [x1, y1] = points[index]!;
  return y0 + ((x - x0) / (x1 - x0)) * (y1 - y0);
}
