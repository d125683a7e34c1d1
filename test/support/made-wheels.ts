import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { zipSync } from "fflate";
import type { CudaSet, Wheel } from "#/native/cuda/set.ts";

const sha256 = (bytes: Uint8Array): string => new Bun.CryptoHasher("sha256").update(bytes).digest("hex");

/** Bytes that no packing makes small, and always the same of a size. */
function noise(bytes: number): Uint8Array {
  let state = bytes + 1;
  return Uint8Array.from({ length: bytes }, () => {
    // Marsaglia's xorshift.
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state & 255;
  });
}

/** Wheels made up for tests, in a folder of their own, and the set that they are. */
export function madeWheels(folder: string, sizes: readonly number[] = [50_000, 3_000_000]) {
  mkdirSync(folder, { recursive: true });
  const wheels = sizes.map((size, index): Wheel => {
    const [project, version] = [`made-up-${index}`, "1.0"];
    const libraries = [`lib/libmade${index}.so.13`, `lib/libmore${index}.so`].map((path, which) => ({
      path,
      bytes: noise(size + which),
    }));
    const entries = Object.fromEntries(libraries.map(({ path, bytes }) => [path, bytes]));
    const zip = zipSync({ ...entries, "lib/libunwanted.so.1": noise(10), "made/METADATA": noise(20) });
    const file = `made_up_${index}-${version}-py3-none-any.whl`;
    writeFileSync(join(folder, file), zip);
    return {
      project,
      version,
      file,
      bytes: zip.length,
      sha256: sha256(zip),
      licence: "a licence",
      libraries: libraries.map(({ path, bytes }) => ({ path, bytes: bytes.length, sha256: sha256(bytes) })),
    };
  });
  const set: CudaSet = { runtime: "1.30.0", cuda: 13, driver: "580.65.06", capability: [7, 5], wheels };
  return { folder, set };
}
