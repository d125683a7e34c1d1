import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { launchSettings } from "#/cli/migrate/launch-flags.ts";
import { readLaunchScripts } from "#/cli/migrate/launch-scripts.ts";
import { openReport } from "#/cli/migrate/report.ts";
import { writeFiles } from "../../../support/old-fooocus.ts";

const root = mkdtempSync(join(tmpdir(), "fooocusd-launch-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Settings of a folder with these scripts, and what is said of them. */
function read(scripts: Readonly<Record<string, string>>, isApi = true) {
  const folder = join(mkdtempSync(join(root, "x-")), "Fooocus");
  writeFiles(folder, scripts);
  const lines: string[] = [];
  const report = openReport((line) => lines.push(line));
  return { ...launchSettings(readLaunchScripts(folder), isApi, report), lines };
}

test("a start script's flags become settings; where it ends and what it passes on is seen", () => {
  const script =
    "# python launch.py --port 1\npython3 launch.py --listen --port=8000 \\\n --base-url 'my.host' \"$@\" > log.txt 2>&1 --share\n";
  expect(read({ "start.sh": script })).toEqual({
    values: { host: "0.0.0.0", port: 8000, also_port: 8001, base_url: "my.host" },
    outputs: undefined,
    lines: [],
  });
  // Fooocus' own port is its page's, and there is no API.
  expect(read({ "start.sh": script }, false).values).not.toHaveProperty("also_port");
});

test("variables of FooocusAPI's ports count; a flag whose value is a variable is told", () => {
  const { values, lines } = read({
    "start.sh": "export GRADIO_SERVER_PORT=9000\npython launch.py --apikey $KEY --output-path /data/out\n",
  });
  expect(values).toEqual({ port: 9001 });
  expect(lines).toEqual([
    expect.stringContaining("--apikey $KEY: what the variable holds is not known here"),
  ]);
  expect(read({ "s.sh": "python launch.py --output-path /data/out" }).outputs).toBe("/data/out");
});

test("scripts beside the folder count if they name it; what only some say is told and not taken", () => {
  const { values, lines } = read({
    "../run.bat": ".\\python_embeded\\python.exe -s Fooocus\\entry_with_update.py --listen %*\r\npause",
    "../run_anime.bat":
      ".\\python_embeded\\python.exe -s Fooocus\\entry_with_update.py --listen --preset anime %*",
    "../other.bat": "python Other\\launch.py --port 1",
    "entrypoint.sh": "python launch.py $*",
  });
  expect(values).toEqual({ host: "0.0.0.0" });
  expect(lines).toEqual([expect.stringContaining("--preset anime: only run_anime.bat says it")]);
});

test("what would stop the start is told instead of taken; what changes nothing is told with the reason", () => {
  const { values, lines } = read({
    "s.sh": "python launch.py --port many --base-url 'http://[' --nowebui --bogus x --webhook-url ftp://x",
  });
  expect(values).toEqual({});
  for (const said of ["port cannot be", "base_url cannot be", "no flag --bogus", "webhook_url cannot be"])
    expect(lines).toContainEqual(expect.stringMatching(new RegExp(`^BROKEN.*${said}`)));
  expect(lines).toContainEqual(expect.stringMatching(/^left .*--nowebui changes nothing here: page and API/));
});
