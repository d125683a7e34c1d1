import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";

/** What package-lock.json says of a package. */
type Locked = Readonly<{ version: string; integrity: string }>;

/**
 * The folder of a package as package-lock.json pins it. npm leaves out packages for other machines: such a one is fetched by npm, once,
 * into the build's cache, and taken only if it is the very archive that is locked.
 *
 * @param store folder of what was fetched before
 * @throws Error where it is not locked, cannot be fetched, or is another archive
 */
export function packageFolder(root: string, name: string, store: string): string {
  const installed = join(root, "node_modules", name);
  if (existsSync(join(installed, "package.json"))) return installed;
  const { version, integrity } = lockedPackage(root, name);
  const folder = join(store, `${name.replace("/", "+")}-${version}`);
  if (existsSync(folder)) return join(folder, "package");
  const draft = `${folder}.${process.pid}.tmp`;
  mkdirSync(draft, { recursive: true });
  try {
    run(["npm", "pack", `${name}@${version}`, "--pack-destination", draft, "--silent"], root);
    const [archive = ""] = readdirSync(draft);
    refuseOther(join(draft, archive), integrity, `${name}@${version}`);
    run(["tar", "-xzf", archive], draft);
    rmSync(join(draft, archive));
    renameSync(draft, folder);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return join(folder, "package");
}

function lockedPackage(root: string, name: string): Locked {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  const found: Partial<Locked> = packages[`node_modules/${name}`] ?? {};
  if (found.version === undefined || found.integrity === undefined)
    throw new Error(`build: package-lock.json does not pin ${name}`);
  return { version: found.version, integrity: found.integrity };
}

/** @throws Error unless the archive is the one that is locked */
export function refuseOther(archive: string, integrity: string, what: string): void {
  const [algorithm = "", wanted] = integrity.split(/-(.*)/s);
  const found = createHash(algorithm).update(readFileSync(archive)).digest("base64");
  if (found !== wanted) throw new Error(`build: ${what} is not the archive that package-lock.json pins`);
}

function run(command: string[], cwd: string): void {
  const { exitCode, stderr } = Bun.spawnSync(command, { cwd });
  if (exitCode !== 0) throw new Error(`build: ${command.join(" ")} failed: ${stderr.toString().trim()}`);
}
