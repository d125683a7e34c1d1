import { closeSync, openSync, readSync } from "node:fs";

/** Where a PNG says its sides: behind its signature and the head of its first chunk. */
const sides = { width: 16, height: 20, end: 24 } as const;

type Size = Readonly<{ width: number; height: number }>;

/** The size of a PNG, by its first bytes. @returns undefined where they are none */
export function pngSizeOf(bytes: Uint8Array): Size | undefined {
  if (bytes.length < sides.end) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  if (view.getUint32(0) !== 0x89504e47) return undefined;
  return { width: view.getUint32(sides.width), height: view.getUint32(sides.height) };
}

/** The size of a PNG of ours, by its first bytes. @returns undefined where the file is not there, or is none */
export function pngSize(path: string): Size | undefined {
  const head = new Uint8Array(sides.end);
  try {
    const file = openSync(path, "r");
    try {
      if (readSync(file, head, 0, sides.end, 0) < sides.end) return undefined;
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined;
  }
  return pngSizeOf(head);
}
