/** The storage on this device, when the browser gives us one. */
import { IndexedDBStorageAdapter } from "@automerge/automerge-repo-storage-indexeddb";
import { storageName } from "../kept/erase";

/**
 * IndexedDB for one person's unsent changes, or undefined in a browser that refuses it (private
 * windows). One database a person: nobody may send what someone else typed on the same device.
 */
export async function openStorage(personId: string): Promise<IndexedDBStorageAdapter | undefined> {
  try {
    const storage = new IndexedDBStorageAdapter(storageName(personId));
    await storage.load(["prdgen", "probe"]);
    return storage;
  } catch (error) {
    console.warn("prdgen: no storage on this device", error);
    return undefined;
  }
}
