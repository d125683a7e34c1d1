/**
 * `unpack.ts PIECES TARGET`, run by `unpack.sh` once all pieces are there: what lies in them is put into TARGET. A file that is there
 * and whole is left, so that a run that was cut off goes on.
 */
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { hashOf, type Packed, type Parcel } from "./packed.ts";

const [pieces = ".", target = "."] = process.argv.slice(2);
const packed = JSON.parse(readFileSync(join(pieces, "pack.json"), "utf8")) as Packed;

/** A stretch of the stream that the pieces are. */
function stretch({ offset, bytes }: Parcel): Buffer {
  const all = Buffer.alloc(bytes);
  let start = 0;
  for (const piece of packed.pieces) {
    const [from, to] = [Math.max(offset, start), Math.min(offset + bytes, start + piece.bytes)];
    if (from < to) {
      const file = openSync(join(pieces, `${piece.name}.piece`), "r");
      readSync(file, all, from - offset, to - from, from - start);
      closeSync(file);
    }
    start += piece.bytes;
  }
  return all;
}

/** @throws Error where it is not what was packed */
function checked(bytes: Uint8Array, { name, sha256 }: Parcel): Uint8Array {
  const found = hashOf(bytes);
  if (found !== sha256)
    throw new Error(`${name} is not what was packed: its SHA-256 is ${found}, was ${sha256}`);
  return bytes;
}

function unpackFile(parcel: Parcel): boolean {
  const path = join(target, parcel.to);
  if (existsSync(path) && hashOf(readFileSync(path)) === parcel.sha256) return false;
  mkdirSync(dirname(path), { recursive: true });
  const bytes = checked(Bun.zstdDecompressSync(stretch(parcel)), parcel);
  writeFileSync(`${path}.half`, bytes);
  renameSync(`${path}.half`, path);
  return true;
}

/** A tar leaves a mark behind, which says which one it was. */
function unpackFolder(parcel: Parcel): boolean {
  const folder = join(target, parcel.to);
  const mark = join(target, `.${parcel.name.replaceAll("/", "-")}`);
  if (existsSync(mark) && readFileSync(mark, "utf8") === parcel.sha256) return false;
  mkdirSync(folder, { recursive: true });
  const tar = `${mark}.tar`;
  writeFileSync(tar, checked(Bun.zstdDecompressSync(stretch(parcel)), parcel));
  const run = Bun.spawnSync(["tar", "-xf", tar, "-C", folder]);
  if (!run.success) throw new Error(`tar failed: ${run.stderr.toString()}`);
  rmSync(tar);
  writeFileSync(mark, parcel.sha256);
  return true;
}

for (const parcel of packed.parcels) {
  if (parcel.form === "gzip") continue; // Bun, which runs this
  const fresh = parcel.form === "tar.zstd" ? unpackFolder(parcel) : unpackFile(parcel);
  process.stdout.write(`${parcel.name}: ${fresh ? "unpacked" : "there already"}\n`);
}
process.stdout.write(`All is there. Run ${join(target, "tree/scripts/gpu/prove.sh")}\n`);
