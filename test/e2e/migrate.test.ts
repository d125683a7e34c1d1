import { Database } from "bun:sqlite";
import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { binary, startBinary, startBinaryIn } from "../support/binary.ts";
import { chromiumPath, openDashboard, startChromium } from "../support/dashboard-page.ts";
import {
  linkDemo,
  logEntry,
  logOf,
  oldFacts,
  oldPng,
  stateOf,
  writeFiles,
  writeOldDatabase,
} from "../support/old-fooocus.ts";
import { runBinary } from "../support/run-binary.ts";

setDefaultTimeout(180_000);

if (chromiumPath === undefined)
  process.stderr.write(
    "migrate: the dashboard was not looked at, no Chromium here (Debian package chromium)\n",
  );

const root = mkdtempSync(join(tmpdir(), "fooocusd-migrate-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const fresh = (name: string): string => mkdtempSync(join(root, `${name}-`));

const preset = {
  default_model: "old.safetensors",
  default_styles: ["Old Style"],
  default_loras: [],
  default_aspect_ratio: "256*256",
};
const style = [{ name: "old style", prompt: "{prompt}, painted long ago", negative_prompt: "new" }];

/** What both kinds of folder have. */
async function writeShared(folder: string): Promise<void> {
  linkDemo(join(folder, "models"), "old");
  writeFiles(folder, {
    "launch.py": "",
    "presets/old.json": JSON.stringify(preset),
    "presets/broken.json": "{,",
    "sdxl_styles/sdxl_styles_own.json": JSON.stringify(style),
    "wildcards/own-colour.txt": "sepia\n",
    "models/gligen/own.safetensors": "x",
    "models/gligen/put_gligen_models_here": "",
  });
}

/** Whether the dashboard shows the picture of a prompt, at the size of the old ones. */
async function seenInDashboard(url: string, prompt: string): Promise<void> {
  const browser = await startChromium();
  try {
    const { page, errors, close } = await openDashboard(browser, url);
    const picture = page.getByRole("button", { name: `Details: ${prompt}` }).locator("img");
    await picture.scrollIntoViewIfNeeded();
    const width = () =>
      picture.evaluate((image) => (image instanceof HTMLImageElement ? image.naturalWidth : 0));
    while ((await width()) === 0) await Bun.sleep(50);
    expect([await width(), errors]).toEqual([64, []]);
    await close();
  } finally {
    await browser.close();
  }
}

test("a FooocusAPI folder goes on: its tasks and pictures, its preset, its flags; the folder stays as it was", async () => {
  const old = fresh("FooocusAPI");
  const own = fresh("own");
  await writeShared(old);
  const id = "85c10c81e9e2482d90a64c3704137d3a";
  const picture = await oldPng(200);
  writeFiles(old, {
    "config.txt": JSON.stringify({
      path_outputs: join(old, "outputs"),
      default_sampler: "euler",
      default_image_number: 4,
      path_loras: "/nowhere",
    }),
    "start.sh":
      '#!/bin/bash\nexport API_PORT=9001\npython launch.py --port 8888 --preset old --apikey s3cret \\\n  --always-high-vram --no-such-flag 1 "$@"\n',
    "outputs/2024-07-04/2024-07-04_17-36-09_5201.png": picture,
    "outputs/2024-07-04/2024-07-04_18-00-00_1000.png": await oldPng(90),
    "outputs/2024-07-04/2024-07-04_18-00-01_1000.png": "no picture",
    "inputs/abc.png": await oldPng(5),
  });
  const url = "http://10.0.0.245:8889/outputs/2024-07-04/2024-07-04_17-36-09_5201.png";
  writeOldDatabase(join(old, "outputs/db.sqlite3"), [
    {
      task_id: id,
      prompt: "an old cat",
      at: 1_720_085_700_000,
      result: [url],
      more: { uov_input_image: "http://10.0.0.245:8889/inputs/abc.png" },
    },
    {
      task_id: "11c10c81e9e2482d90a64c3704137d3a",
      prompt: "lost",
      at: 1_720_085_800_000,
      result: ["http://x/outputs/2024-07-04/gone.png"],
    },
    {
      task_id: "22c10c81e9e2482d90a64c3704137d3a",
      prompt: "never ended",
      at: 1_720_085_900_000,
      result: null,
      status: null,
    },
  ]);
  const before = stateOf(old);

  const dry = await runBinary(own, ["migrate", "--fooocusapi", old, "--dry-run"]);
  expect(dry.out).toContain("3 tasks");
  expect(readdirSync(own)).toEqual(["home"]);

  const ran = await runBinary(own, ["migrate", "--fooocusapi", old]);
  for (const said of [
    /left {4}settings +config\.txt: default_image_number: a request says it/,
    /BROKEN {2}settings +config\.txt: path_loras names \/nowhere, which is not there/,
    /BROKEN {2}presets +presets\/broken\.json is passed over/,
    /taken {3}presets +old: read where they are/,
    /taken {3}models +checkpoints \d+.*used where they are/,
    /left {4}models +models\/gligen: no kind of file/,
    /left {4}flags +--always-high-vram changes nothing here: weights stay/,
    /BROKEN {2}flags +There is no flag --no-such-flag/,
    /taken {3}history +.*db\.sqlite3: 3 tasks$/m,
    /left {4}history +2024-07-04\/gone\.png: a task names this picture, and it is not there/,
    /taken {3}pictures +1 picture without a task/,
    /BROKEN {2}pictures +.*18-00-01_1000\.png: no picture that can be read/,
  ])
    expect(ran.out).toMatch(said);
  expect(ran.code).toBe(1);
  expect(stateOf(old)).toEqual(before);
  expect(JSON.parse(readFileSync(join(own, "config.txt"), "utf8"))).toEqual({
    fooocus: old,
    outputs: "outputs",
    inputs: "inputs",
    port: 8888,
    also_port: 9001,
    preset: "old",
    api_keys: ["s3cret"],
  });
  // The same disk: a second name, no second picture.
  const kept = "outputs/2024-07-04/2024-07-04_17-36-09_5201.png";
  expect(statSync(join(own, kept)).ino).toBe(statSync(join(old, kept)).ino);

  const again = await runBinary(own, ["migrate", "--fooocusapi", old]);
  expect(again.out).toMatch(/db\.sqlite3: 0 tasks; 3 more were taken before/);
  expect(again.out).toMatch(/0 pictures without a task; 1 more was taken before/);
  expect(again.out).toContain("config.txt is there and says what it should");

  const server = await startBinaryIn(own);
  try {
    const headers = { "X-API-KEY": "s3cret" };
    const ask = async (path: string) => (await fetch(server.url + path, { headers })).json();
    const { history } = await ask("/tasks?query=history");
    expect(history.map(({ req_params }: { req_params: { prompt: string } }) => req_params.prompt)).toEqual([
      "",
      "never ended",
      "lost",
      "an old cat",
    ]);
    const record = await ask(`/tasks/${id}`);
    expect(record).toMatchObject({ id: 1, task_status: "finished", finish_mills: 1_720_085_700_900 });
    const shown = await fetch(`${server.url}${new URL(record.result[0]).pathname}`, { headers });
    expect(Buffer.from(await shown.arrayBuffer()).equals(picture)).toBe(true);
    const input = await fetch(`${server.url}${new URL(record.req_params.uov_input_image).pathname}`, {
      headers,
    });
    expect(input.status).toBe(200);
    const drawn = await fetch(`${server.url}/v1/engine/generate/`, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify({
        prompt: "a __own-colour__ circle",
        preset: "old",
        overwrite_step: 2,
        async_process: false,
        stream_output: false,
      }),
    });
    expect([drawn.status, drawn.headers.get("content-type")]).toEqual([200, "image/png"]);
    const { history: now } = await ask("/tasks?query=history");
    expect(now[0].req_params).toMatchObject({
      base_model_name: "old.safetensors",
      style_selections: ["Old Style"],
    });
    expect(now[0].id).toBeGreaterThan(now[1].id);
  } finally {
    await server.close();
  }
});

test("a Fooocus folder: pictures by their log and their own texts; a broken config.txt, scripts that disagree", async () => {
  const old = join(fresh("package"), "Fooocus");
  const own = fresh("own");
  await writeShared(old);
  const embedded = JSON.stringify({
    ...oldFacts("from the picture", "12"),
    base_model: "old",
    metadata_scheme: "fooocus",
  });
  const day = "outputs/2023-12-31";
  writeFiles(old, {
    "config.txt": '{"default_model": "x",}',
    "../run.bat": ".\\python_embeded\\python.exe -s Fooocus\\entry_with_update.py --listen %*\r\npause\r\n",
    "../run_old.bat":
      ".\\python_embeded\\python.exe -s Fooocus\\entry_with_update.py --listen --preset old %*\r\n",
    [`${day}/2023-12-31_23-00-00_1000.png`]: await oldPng(1),
    [`${day}/2023-12-31_23-00-01_1000.png`]: await oldPng(2, {
      parameters: embedded,
      fooocus_scheme: "fooocus",
    }),
    [`${day}/2023-12-31_23-00-02_1000.png`]: await oldPng(3),
    [`${day}/log.html`]: logOf([
      logEntry("2023-12-31_23-00-00_1000.png", oldFacts("it's from the <log>", "11")),
    ]),
  });
  // Somebody has drawn here already: old rows belong below.
  const server = await startBinary();
  const ran = await (async () => {
    try {
      await fetch(`${server.url}/v1/engine/generate/`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({
          prompt: "new",
          overwrite_width: 256,
          overwrite_height: 256,
          overwrite_step: 1,
          async_process: false,
          stream_output: false,
        }),
      });
      const busy = await runBinary(server.folder, ["migrate", "--fooocus", old]);
      expect([busy.code, busy.err]).toEqual([
        1,
        expect.stringContaining("Another fooocusd works in the folder"),
      ]);
      await server.terminate();
      return await runBinary(server.folder, ["migrate", "--fooocus", old]);
    } catch (thrown) {
      await server.close();
      throw thrown;
    }
  })();
  expect(ran.out).toMatch(/BROKEN {2}settings +.*config\.txt is not JSON.*Mend the file/);
  expect(ran.out).toMatch(/left {4}flags +--preset old: only run_old\.bat says it/);
  expect(ran.out).toMatch(/left {4}pictures +2023-12-31\/2023-12-31_23-00-02_1000\.png: taken, but neither/);
  expect(JSON.parse(readFileSync(join(server.folder, "config.txt"), "utf8"))).toMatchObject({
    host: "0.0.0.0",
  });
  const again = await startBinaryIn(server.folder);
  try {
    expect(again.output()).toContain("config.txt is not JSON");
    const { history } = await (await fetch(`${again.url}/tasks?query=history`)).json();
    const asked = history.map(({ req_params }: { req_params: Record<string, unknown> }) => req_params);
    expect(asked.map(({ prompt }: { prompt: string }) => prompt)).toEqual([
      "new",
      "",
      "from the picture",
      "it's from the <log>",
    ]);
    expect(asked[3]).toMatchObject({
      image_seed: 11,
      style_selections: ["Old Style"],
      base_model_name: "old.safetensors",
      aspect_ratios_selection: "1152×896",
      sampler_name: "dpmpp_2m_sde_gpu",
    });
    expect(asked[3].loras.slice(0, 3)).toEqual([true, "old-lora.safetensors", 0.5]);
    expect(asked[2]).toMatchObject({ image_seed: 12, base_model_name: "old.safetensors" });
    const shown = await fetch(`${again.url}${new URL(history[3].result[0]).pathname}`);
    if (chromiumPath !== undefined) await seenInDashboard(again.url, "from the picture");
    expect([shown.status, shown.headers.get("content-type")]).toEqual([200, "image/png"]);
  } finally {
    await again.close();
    await server.close();
  }
  expect(existsSync(join(old, "outputs/db.sqlite3"))).toBe(false);
  expect(readdirSync(own)).toEqual([]);
});

test("a locked and a damaged database are told, and the rest goes on; what was not taken is taken later", async () => {
  const old = fresh("FooocusAPI");
  const own = fresh("own");
  writeFiles(old, { "launch.py": "", "outputs/2024-01-01/a.png": await oldPng(1) });
  const path = join(old, "outputs/db.sqlite3");
  const ids = Array.from({ length: 200 }, (_, n) => n.toString(16).padStart(32, "0"));
  writeOldDatabase(
    path,
    ids.map((task_id, n) => ({ task_id, prompt: `p${n} ${"x".repeat(3000)}`, at: 1000 + n, result: [] })),
  );
  const lock = new Database(path);
  lock.run("BEGIN EXCLUSIVE");
  const locked = await runBinary(own, ["migrate", "--fooocusapi", old]);
  lock.close();
  expect([locked.code, locked.out]).toEqual([
    1,
    expect.stringMatching(/BROKEN {2}history +.*another program keeps it locked/),
  ]);
  expect(locked.out).toContain("1 picture without a task");

  const whole = readFileSync(path);
  const broken = Buffer.from(whole);
  broken.fill(0xff, 4096 * 100, 4096 * 110);
  writeFileSync(path, broken);
  const damaged = await runBinary(own, ["migrate", "--fooocusapi", old]);
  expect([damaged.code, damaged.out]).toEqual([
    1,
    expect.stringMatching(/db\.sqlite3 is damaged .*what can be read of it is taken/),
  ]);
  const taken = Number(/db\.sqlite3: (\d+) tasks/.exec(damaged.out)?.[1]);
  expect(taken).toBeGreaterThan(150);
  expect(taken).toBeLessThan(200);

  writeFileSync(path, whole);
  const mended = await runBinary(own, ["migrate", "--fooocusapi", old]);
  expect([mended.code, mended.out]).toEqual([
    0,
    expect.stringContaining(`${200 - taken} tasks; ${taken} more were taken before`),
  ]);
  const history = new Database(join(own, "outputs/db.sqlite3"), { readonly: true });
  const rows = history
    .query<{ id: number; at: number }, []>("SELECT id, in_queue_mills AS at FROM generate_record ORDER BY id")
    .all();
  history.close();
  expect(rows.map(({ at }) => at)).toEqual(rows.map(({ at }) => at).toSorted((a, b) => a - b));
  expect(rows).toHaveLength(201);
});

test("a run that is killed or interrupted is gone on with: every picture once", async () => {
  const old = fresh("Fooocus");
  const own = fresh("own");
  const picture = await oldPng(1);
  const names = Array.from({ length: 400 }, (_, n) => `outputs/2024-01-01/${n}.png`);
  writeFiles(old, { "launch.py": "", ...Object.fromEntries(names.map((name) => [name, picture])) });
  const outputs = join(own, "outputs/2024-01-01");
  for (const [signal, code] of [
    ["SIGKILL", 137],
    ["SIGINT", 130],
  ] as const) {
    const before = existsSync(outputs) ? readdirSync(outputs).length : 0;
    const child = Bun.spawn([binary, "migrate", "--fooocus", old], {
      cwd: own,
      env: { HOME: join(own, "home"), PATH: "/usr/bin:/bin" },
      stdout: "ignore",
      stderr: "ignore",
    });
    while (!existsSync(outputs) || readdirSync(outputs).length < before + 20) await Bun.sleep(5);
    child.kill(signal);
    expect(await child.exited).toBe(code);
    expect(readdirSync(outputs).length).toBeLessThan(400);
  }
  const ran = await runBinary(own, ["migrate", "--fooocus", old]);
  expect(ran.code).toBe(0);
  expect(readdirSync(outputs)).toHaveLength(400);
  const history = new Database(join(own, "outputs/db.sqlite3"), { readonly: true });
  const rows = history.query<{ result: string }, []>("SELECT result FROM generate_record").all();
  history.close();
  expect(new Set(rows.map(({ result }) => result)).size).toBe(400);
  expect(rows).toHaveLength(400);
});

test("what is no old folder, and places inside of it, are refused, and nothing is written", async () => {
  const old = fresh("Fooocus");
  writeFiles(old, { "launch.py": "" });
  const own = fresh("own");
  const refusals: readonly (readonly [readonly string[], string, string])[] = [
    [[], own, "migrate takes --fooocus <folder> or --fooocusapi <folder>"],
    [["--fooocus", join(old, "none")], own, "There is no folder"],
    [["--fooocus", own], own, "holds nothing of a Fooocus"],
    [["--fooocus", old, "--fooocusapi", old], own, "one folder at a time"],
    [["--fooocus", old, "--outputs", join(old, "outputs")], own, "--outputs is in the old folder"],
    [["--fooocus", old], old, "the working folder is in the old folder"],
  ];
  for (const [args, folder, sentence] of refusals) {
    const ran = await runBinary(folder, ["migrate", ...args]);
    expect([ran.code, ran.out, ran.err]).toEqual([1, "", expect.stringContaining(sentence)]);
  }
  expect(readdirSync(own)).toEqual(["home"]);
  const empty = await runBinary(own, ["migrate", "--fooocusapi", old]);
  expect([empty.code, empty.out]).toEqual([0, expect.stringContaining("there is no db.sqlite3 in outputs")]);
});
