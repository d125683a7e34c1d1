import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import { freePort } from "../../../test/support/free-port.ts";

/** An empty folder that stands for a machine. */
export type Machine = Readonly<{
  /** Stands for `/`. */
  root: string;
  /** Where commands are typed. */
  folder: string;
  /** Stands for 7866. */
  port: number;
  /** A text with this machine's folders and port. */
  mapped: (text: string) => string;
  /** Writes a file of the page where it belongs. @returns its path */
  write: (path: string, text: string) => string;
  /** Runs a command of the page. @throws Error when it fails */
  run: (command: string) => Promise<string>;
  /** What every program is started with. */
  env: Readonly<Record<string, string>>;
  close: () => void;
}>;

/** Folders of a machine that the page writes into. */
const folders = /(?<![\w./-])\/(usr\/local|etc|srv|var\/lib|var\/cache|opt)\//g;

/** @param program the binary, which lies in the folder where commands are typed */
export function openMachine(program: string): Machine {
  const root = mkdtempSync(join(tmpdir(), "fooocusd-deployment-"));
  const folder = join(root, "root");
  for (const path of [folder, join(root, "tmp")]) mkdirSync(path);
  Bun.spawnSync(["cp", program, join(folder, "fooocusd")]);
  const port = freePort();
  const env = {
    HOME: folder,
    PATH: `${join(root, "usr/local/bin")}:/usr/bin:/bin`,
    LANG: "C.UTF-8",
    TMPDIR: join(root, "tmp"),
    // No flag, so that no second port comes with it.
    FOOOCUSD_PORT: `${port}`,
  };
  const mapped = (text: string): string =>
    text.replaceAll(folders, `${root}/$1/`).replaceAll(/(?<=(?:127\.0\.0\.1|localhost):)7866\b/g, `${port}`);
  return {
    root,
    folder,
    port,
    env,
    mapped,
    write: (path, text) => {
      const place = isAbsolute(path) ? join(root, path) : join(folder, path);
      mkdirSync(dirname(place), { recursive: true });
      writeFileSync(place, mapped(text));
      return place;
    },
    run: async (command) => {
      const shell = ["bash", "-euo", "pipefail", "-c", mapped(command)];
      const child = Bun.spawn(shell, { cwd: folder, env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
      const [out, err, code] = await Promise.all([
        new Response(child.stdout).text(),
        new Response(child.stderr).text(),
        child.exited,
      ]);
      if (code !== 0) throw new Error(`ended with ${code}: ${err}${out}`);
      return out;
    },
    close: () => rmSync(root, { recursive: true, force: true }),
  };
}
