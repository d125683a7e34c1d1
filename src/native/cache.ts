import { homedir, tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Where a binary unpacks itself: `FOOOCUSD_CACHE_DIR`, or `fooocusd` in the user's cache folder (XDG base directory
 * specification), or, for an account without a home, a folder of its own below the temporary files.
 * Read from the environment and not from the configuration because libraries are opened before there is one.
 */
export function cacheFolder(environment: Environment = process.env): string {
  const own = environment["FOOOCUSD_CACHE_DIR"];
  if (own !== undefined && own !== "") return own;
  const shared = environment["XDG_CACHE_HOME"];
  if (shared !== undefined && isAbsolute(shared)) return join(shared, "fooocusd");
  const home = environment["HOME"] ?? homedir();
  if (isAbsolute(home) && home !== "/" && home !== "/nonexistent") return join(home, ".cache", "fooocusd");
  return join(tmpdir(), `fooocusd-${process.getuid?.() ?? "user"}`);
}
