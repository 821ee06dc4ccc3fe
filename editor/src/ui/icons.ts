/** The drawings of the toolbar, as paths in a box of 20×20. */

export const ICONS = {
  bold: "M6 4h5a3 3 0 0 1 0 6H6zM6 10h6a3 3 0 0 1 0 6H6z",
  italic: "M9 4h6M5 16h6M12 4 8 16",
  strike: "M4 10h12M14 6c-1-2-7-3-8 0-.5 2 2 3 4 4 3 1 4 2 4 4-1 3-7 3-9 0",
  code: "M7 6 3 10l4 4M13 6l4 4-4 4",
  link: "M8 12a3 3 0 0 0 4 0l3-3a3 3 0 0 0-4-4l-1 1M12 8a3 3 0 0 0-4 0l-3 3a3 3 0 0 0 4 4l1-1",
  heading: "M5 4v12M15 4v12M5 10h10",
  bullets: "M8 5h9M8 10h9M8 15h9M3.5 5h.01M3.5 10h.01M3.5 15h.01",
  numbers: "M9 5h8M9 10h8M9 15h8M3 4l1.5-1v5M3 13c0-2 3-2 3 0s-3 2-3 4h3",
  tasks: "M3 4h5v5H3zM11 6.5h6M3 12h5v5H3zM11 14.5h6M4.3 14.3l1 1 2-2.3",
  quote: "M4 5v10M8 6h9M8 10h9M8 14h6",
  table: "M3 4h14v12H3zM3 8h14M3 12h14M10 4v12",
  undo: "M7 5 3 9l4 4M3 9h8a5 5 0 0 1 0 8H8",
  redo: "M13 5l4 4-4 4M17 9H9a5 5 0 0 0 0 8h3",
  side: "M3 4h14v12H3zM8 4v12",
  source: "M4 5h12M4 10h8M4 15h10",
  split: "M3 4h14v12H3zM10 4v12",
  preview: "M2 10s3-5 8-5 8 5 8 5-3 5-8 5-8-5-8-5zM10 8a2 2 0 1 0 0 4 2 2 0 0 0 0-4z",
  more: "M4 9.5h.5v1H4zM9.7 9.5h.5v1h-.5zM15.4 9.5h.5v1h-.5z",
  back: "M12 4l-6 6 6 6",
  bell: "M10 3a5 5 0 0 0-5 5v3.5L3.5 14.5h13L15 11.5V8a5 5 0 0 0-5-5zM8 17a2.2 2.2 0 0 0 4 0",
  find: "M9 3a6 6 0 1 0 0 12A6 6 0 0 0 9 3zM13.5 13.5 17 17",
  up: "M5 12l5-5 5 5",
  down: "M5 8l5 5 5-5",
  close: "M5 5l10 10M15 5 5 15",
  replace: "M4 7h9l-3-3M16 13H7l3 3",
} as const;

export type IconName = keyof typeof ICONS;
