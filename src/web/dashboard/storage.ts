/** A place where the browser keeps texts. It may be forbidden, full or not there: then nothing is kept, and all else works. */
export type Storage = Readonly<{
  read: (key: string) => string | undefined;
  /** @returns whether it is kept now */
  write: (key: string, text: string) => boolean;
}>;

const over = (storage: () => globalThis.Storage): Storage => ({
  read: (key) => {
    try {
      return storage().getItem(key) ?? undefined;
    } catch {
      return undefined;
    }
  },
  write: (key, text) => {
    try {
      storage().setItem(key, text);
      return true;
    } catch {
      return false;
    }
  },
});

/** Until the tab is closed; and for good. */
export const ofTab = over(() => sessionStorage);
export const ofBrowser = over(() => localStorage);

/** What was kept as JSON in a version of ours; undefined for none, for another version, and for what is none. */
export function readKept(key: string, version: number): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(ofBrowser.read(key) ?? "null");
    const isOurs =
      typeof value === "object" && value !== null && "version" in value && value.version === version;
    return isOurs ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
