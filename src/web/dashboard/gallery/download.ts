import { Zip, ZipPassThrough } from "fflate";
import { nameOf } from "../local-url.ts";
import type { Server } from "../server.ts";
import type { FoundPicture } from "./found.ts";

/** Gives the browser a file to keep. */
function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  link.click();
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/**
 * Downloads pictures: one as it is, several in one ZIP, each under its day. They are packed one after the other and not pressed,
 * which pictures are already.
 *
 * @param tell hears how many are done
 * @throws Refused, Missing, Locked as the server says
 */
export async function download(
  server: Server,
  pictures: readonly FoundPicture[],
  tell: (done: number) => void,
): Promise<void> {
  const [first] = pictures;
  if (first === undefined) return;
  if (pictures.length === 1)
    return save(await server.picture(first.url), decodeURIComponent(nameOf(first.url)));
  const parts: Blob[] = [];
  let failure: Error | undefined;
  const zip = new Zip((error, bytes) => {
    if (error !== null) failure = error;
    else parts.push(new Blob([new Uint8Array(bytes)]));
  });
  for (const [at, { url }] of pictures.entries()) {
    const entry = new ZipPassThrough(url.split("/").slice(-2).map(decodeURIComponent).join("/"));
    zip.add(entry);
    entry.push(new Uint8Array(await (await server.picture(url)).arrayBuffer()), true);
    tell(at + 1);
  }
  zip.end();
  if (failure !== undefined) throw failure;
  save(new Blob(parts, { type: "application/zip" }), `pictures-${new Date().toISOString().slice(0, 10)}.zip`);
}
