/** The entry on the server's page: read what it says, and start. */
import { readConfig } from "./config";
import { start } from "./start";

const root = document.getElementById("editor");
if (root) {
  const begin = async (): Promise<void> => start(root, readConfig(root.dataset["config"]));
  begin().catch((error: unknown) => {
    console.error(error);
    root.append(`The editor could not start: ${String(error)}`);
  });
}
