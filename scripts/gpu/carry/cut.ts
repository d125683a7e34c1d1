import { copyFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hashOf, type Packed, type Parcel } from "./packed.ts";

/** Something to carry, compressed as its form says. */
export type Content = Readonly<{ parcel: Omit<Parcel, "offset" | "bytes">; bytes: Uint8Array }>;

/**
 * Lays contents one behind the other and cuts them into pieces, each in a folder of its own with all that is needed to join them: a list,
 * and `unpack.sh`. A folder of another pack that was there is replaced.
 *
 * @param contents one after the other, so that they need not be in memory at once; the first is Bun
 * @param most     bytes of a piece
 */
export async function cut(
  contents: AsyncIterable<Content>,
  out: string,
  { most, commit }: Readonly<{ most: number; commit: string }>,
): Promise<Packed> {
  mkdirSync(out, { recursive: true });
  for (const name of readdirSync(out).filter((one) => /^\d{2,}$/.test(one)))
    rmSync(join(out, name), { recursive: true });
  const parcels: Parcel[] = [];
  const pieces: Packed["pieces"][number][] = [];
  let [offset, rest]: [number, Uint8Array] = [0, new Uint8Array(0)];
  const write = (bytes: Uint8Array): void => {
    const name = String(pieces.length + 1).padStart(2, "0");
    mkdirSync(join(out, name));
    writeFileSync(join(out, name, `${name}.piece`), bytes);
    pieces.push({ name, bytes: bytes.length, sha256: hashOf(bytes) });
  };
  for await (const { parcel, bytes } of contents) {
    parcels.push({ ...parcel, offset, bytes: bytes.length });
    offset += bytes.length;
    rest = Buffer.concat([rest, bytes]);
    while (rest.length >= most) {
      write(rest.subarray(0, most));
      rest = rest.subarray(most);
    }
  }
  if (rest.length > 0) write(rest);
  const packed: Packed = { commit, pieces, parcels };
  for (const { name } of pieces) writeLists(join(out, name), packed);
  return packed;
}

/** What a shell without Bun reads: the pieces' hashes as `sha256sum` knows them, and where Bun lies. */
function writeLists(folder: string, packed: Packed): void {
  writeFileSync(join(folder, "pack.json"), JSON.stringify(packed));
  writeFileSync(
    join(folder, "pieces.sha256"),
    packed.pieces.map(({ name, sha256 }) => `${sha256}  ${name}.piece\n`).join(""),
  );
  const [bun] = packed.parcels;
  if (bun?.form !== "gzip" || bun.offset !== 0) throw new Error("the first thing in a pack is Bun");
  writeFileSync(join(folder, "bun.sha256"), `${bun.bytes} ${bun.sha256}\n`);
  copyFileSync(join(import.meta.dir, "unpack.sh"), join(folder, "unpack.sh"));
  copyFileSync(join(import.meta.dir, "unpack.ts"), join(folder, "unpack.ts"));
  copyFileSync(join(import.meta.dir, "packed.ts"), join(folder, "packed.ts"));
}
