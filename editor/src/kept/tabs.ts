/** What the tabs of this browser tell each other about who is signed in. */

export type News =
  | { readonly type: "signed-in"; readonly personId: string }
  | { readonly type: "signed-out"; readonly personId: string };

const NAME = "prdgen-session";

/** Tell the other tabs. */
export function tell(news: News): void {
  if (typeof BroadcastChannel === "undefined") return;
  const channel = new BroadcastChannel(NAME);
  channel.postMessage(news);
  channel.close();
}

/** Hear what other tabs tell. */
export function hear(heard: (news: News) => void): void {
  if (typeof BroadcastChannel === "undefined") return;
  new BroadcastChannel(NAME).onmessage = ({ data }: MessageEvent<News>) => heard(data);
}
