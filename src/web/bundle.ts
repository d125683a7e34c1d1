import { readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * The dashboard as one HTML text, script and style inside. Runs as a macro: once when the module that calls it is
 * read (from source) or bundled (into the binary), so nothing is read or built while serving.
 *
 * @throws Error with the bundler's words
 */
export function bundleDashboard(): string {
  const folder = join(import.meta.dir, "dashboard");
  const entry = join(folder, "main.tsx");
  const { success, stdout, stderr } = Bun.spawnSync([
    process.execPath,
    "build",
    entry,
    "--target=browser",
    "--minify",
    "--production",
  ]);
  if (!success) throw new Error(`dashboard: ${stderr.toString()}`);
  const read = (name: string) => readFileSync(join(folder, name), "utf8");
  const script = stdout.toString().replaceAll("</script", "<\\/script");
  return read("index.html")
    .replace("/*STYLE*/", () => `${read("style.css")}${read("gallery/gallery.css")}`)
    .replace("/*SCRIPT*/", () => script);
}
