import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { unzipSync } from "fflate";

/** What the kit needs of a checkout, and what of it is for other ends. */
const needed =
  /^(src|models|test\/(golden|support)|scripts\/(gpu|bench|train|golden)|docs\/[^/]*\.md|package\.json|tsconfig\.json|bunfig\.toml)/;
/** Of others' systems, or for builds and checks alone. */
const unneeded = ["@typescript", "typescript", "bun-types", "@types"];

const run = (command: readonly string[], cwd: string): string => {
  const child = Bun.spawnSync([...command], { cwd, stderr: "pipe" });
  if (!child.success) throw new Error(`${command.join(" ")}: ${child.stderr.toString()}`);
  return child.stdout.toString();
};

/** Packages that the program needs when it runs, by their paths in `node_modules`. */
function packages(root: string): readonly string[] {
  // It ends with 1 for peers that nobody needs, and lists all the same.
  const child = Bun.spawnSync(["npm", "ls", "--omit=dev", "--all", "--parseable"], { cwd: root });
  const lines = child.stdout.toString().split("\n");
  const paths = lines.flatMap((line) => /(node_modules\/.*)$/.exec(line)?.[1] ?? []);
  if (paths.length === 0) throw new Error("npm ls knows of no packages; run npm ci --ignore-scripts");
  return [...new Set(paths)].filter((path) =>
    unneeded.every((name) => !path.includes(`node_modules/${name}`)),
  );
}

/**
 * A tar of all that the kit needs of a checkout: sources, goldens, models, the packages of this system, and Python packages for the
 * comparison.
 *
 * @param wheels  wheels of pure Python
 * @param staging a folder for what is made on the way
 */
export function treeTar(
  root: string,
  wheels: readonly string[],
  commit: string,
  staging: string,
): Uint8Array {
  mkdirSync(join(staging, ".gpu/site"), { recursive: true });
  writeFileSync(join(staging, ".gpu-commit"), `${commit}\n`);
  for (const wheel of wheels)
    for (const [path, bytes] of Object.entries(unzipSync(readFileSync(wheel)))) {
      if (path.endsWith("/")) continue;
      mkdirSync(join(staging, ".gpu/site", path, ".."), { recursive: true });
      writeFileSync(join(staging, ".gpu/site", path), bytes);
    }
  const tracked = run(["git", "ls-files"], root)
    .split("\n")
    .filter((path) => needed.test(path) && existsSync(join(root, path)));
  writeFileSync(join(staging, "list"), [...tracked, ...packages(root)].join("\n"));
  const here = `bin/napi-v6/${process.platform}/${process.arch}`;
  const others = ["darwin", "win32", "linux/arm64", "linux/x64"].filter((one) => !here.endsWith(one));
  const excluded = others.map((one) => `--exclude=node_modules/onnxruntime-node/bin/napi-v6/${one}`);
  const [tar, links] = [join(staging, "tree.tar"), `libonnxruntime_providers_*`];
  run(["tar", "-cf", tar, `--exclude=${links}`, ...excluded, "-C", root, "-T", join(staging, "list")], root);
  run(["tar", "-rf", tar, "-C", staging, ".gpu-commit", ".gpu"], root);
  const bytes = readFileSync(tar);
  rmSync(tar);
  return bytes;
}
