/** The storage on this device, when the browser gives us one. */
import { IndexedDBStorageAdapter } from "@automerge/automerge-repo-storage-indexeddb";
import { storageName } from "../kept/erase";

/** IndexedDB that says when it could not keep something, and keeps nothing more once it was stopped. */
export class DeviceStorage extends IndexedDBStorageAdapter {
  /** Called when the device did not take something (it is full). */
  onFailed: () => void = () => {};
  #stopped = false;

  override async save(key: string[], data: Uint8Array): Promise<void> {
    if (this.#stopped) return;
    try {
      await super.save(key, data);
    } catch (error) {
      console.warn("prdgen: this device does not keep the text", error);
      this.onFailed();
    }
  }

  /** The person signed out. */
  stop(): void {
    this.#stopped = true;
  }
}

/**
 * IndexedDB for one person's unsent changes, or undefined in a browser that refuses it (private
 * windows). One database a person: nobody may send what someone else typed on the same device.
 */
export async function openStorage(personId: string): Promise<DeviceStorage | undefined> {
  try {
    const storage = new DeviceStorage(storageName(personId));
    await storage.load(["prdgen", "probe"]);
    return storage;
  } catch (error) {
    console.warn("prdgen: no storage on this device", error);
    return undefined;
  }
}
