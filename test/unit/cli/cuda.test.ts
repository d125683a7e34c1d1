import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cuda } from "#/cli/cuda/cuda.ts";
import { gpuFinding } from "#/cli/doctor/gpu.ts";
import { nameOf } from "#/native/cuda/set.ts";
import { type Asked, cutOff, fileServer, honest } from "../../support/file-server.ts";
import { madeWheels } from "../../support/made-wheels.ts";
import { smallDisk } from "../../support/small-disk.ts";

setDefaultTimeout(60_000);

const scratch = mkdtempSync(join(tmpdir(), "fooocusd-cuda-"));
const disk = smallDisk("512k");
afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
  disk.close();
});
const { folder: from, set } = madeWheels(join(scratch, "wheels"), [20_000, 400_000]);
const isLinux = process.platform === "linux" && process.arch === "x64";
const all = [".adding", ...set.wheels.flatMap(({ libraries }) => libraries.map(nameOf))].sort();

const add = (name: string, index: string, ...paths: readonly string[]) =>
  addTo(join(scratch, name), index, paths);

async function addTo(
  folder: string,
  index: string,
  paths: readonly string[],
  env: Readonly<Record<string, string>> = {},
) {
  const child = Bun.spawn(
    [process.execPath, "test/support/cuda-child.ts", folder, JSON.stringify(set), index, ...paths],
    { stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, ...env } },
  );
  const err = await new Response(child.stderr).text();
  return {
    code: await child.exited,
    err,
    there: existsSync(folder) ? readdirSync(folder).sort() : [],
    folder,
  };
}

/** An index of Python packages: a page of each project, in JSON or HTML, and the files. */
async function index(
  form: "json" | "html",
  change: (answer: ReturnType<typeof honest>, asked: Asked, n: number) => ReturnType<typeof honest> = (
    answer,
  ) => answer,
) {
  const asked: string[] = [];
  const server = await fileServer((one, n) => {
    asked.push(`${one.path}${one.range === undefined ? "" : ` from ${one.range}`}`);
    const file = set.wheels.find((wheel) => one.path.endsWith(`/${wheel.file}`));
    if (file !== undefined)
      return change(
        honest(new Uint8Array(readFileSync(join(from, file.file))), one, `"${file.sha256}"`),
        one,
        n,
      );
    const project = set.wheels.find((wheel) => one.path === `/simple/${wheel.project}/`);
    if (project === undefined) return { status: 404, headers: { "content-length": 0 } };
    const href = `../../files/${project.file}`;
    const text =
      form === "json"
        ? JSON.stringify({
            files: [
              { filename: "other.whl", url: "../../files/other.whl" },
              { filename: project.file, url: href },
            ],
          })
        : `<html><a class="x" href="../../files/other.whl">other</a><a href='${href}#sha256=1'>${project.file}</a></html>`;
    const body = new Uint8Array(Buffer.from(text));
    return { status: 200, headers: { "content-length": body.length }, body };
  });
  return { url: `${server.url}/simple/`, asked, close: server.close };
}

test.if(isLinux)(
  "wheels of a folder are added, what else lies there is left alone, and a second time nothing is written",
  async () => {
    writeFileSync(join(from, "something-else.whl"), "x");
    const first = await add("folder", "", from);
    expect([first.code, first.there]).toEqual([0, all]);
    expect(first.err).toContain("made-up-1 1.0: 2 libraries unpacked.");
    expect(first.err).toEndWith(`All of CUDA's libraries are in ${first.folder}.\n`);
    const second = await add("folder", "", from);
    expect([second.code, second.err.match(/there already/g)?.length]).toEqual([0, 2]);
  },
);

test.if(isLinux)(
  "what is still missing is named; a file that is none of the wheels is refused, and the others are taken",
  async () => {
    const stranger = join(scratch, "stranger.whl");
    writeFileSync(stranger, "x");
    const [one, other] = set.wheels.map(({ file }) => file);
    const ran = await add("some", "", stranger, join(from, one ?? ""));
    expect(ran.code).toBe(1);
    expect(ran.err).toContain(`${stranger} is no wheel that CUDA needs here.`);
    expect(ran.err).toContain("made-up-0 1.0: 2 libraries unpacked.");
    expect(ran.err).toContain(
      `Still missing: ${other}. fooocusd cuda add --fetch fetches them; fooocusd cuda lists where they are to be had.`,
    );
    const rest = await add("some", "", join(from, other ?? ""));
    expect([rest.code, rest.there]).toEqual([0, all]);
  },
);

test.if(isLinux)("what leads nowhere is refused before anything is begun", async () => {
  const empty = join(scratch, "nothing");
  mkdirSync(empty);
  expect(await add("never", "", empty)).toMatchObject({
    code: 1,
    err: `${empty} holds none of the wheels that are needed (such as ${set.wheels[0]?.file}); fooocusd cuda lists them.\n`,
    there: [],
  });
  const gone = join(scratch, "gone");
  expect(await add("never", "", gone)).toMatchObject({ code: 1, err: `There is no ${gone}.\n`, there: [] });
  expect(await add("never", "", "")).toMatchObject({
    code: 1,
    err: "An empty name names no wheel and no folder; a variable that is not set may be behind it.\n",
    there: [],
  });
  const unasked = await add("never", "");
  expect(unasked.err).toMatch(
    /^cuda add what\? --fetch fetches \d+ kB from the Python Package Index, under a licence; or name/,
  );
});

for (const form of ["json", "html"] as const)
  test.if(isLinux)(
    `what is missing is fetched from an index that answers in ${form}; a broken connection is gone on from`,
    async () => {
      let isBroken = false;
      const server = await index(form, (answer, one) => {
        if (isBroken || !one.path.includes("made_up_1")) return answer;
        isBroken = true;
        return cutOff(answer, 50_000);
      });
      copyFileSync(join(from, set.wheels[0]?.file ?? ""), join(scratch, "own.whl"));
      const ran = await add(form, server.url, join(scratch, "own.whl"));
      server.close();
      expect([ran.code, ran.there]).toEqual([0, all]);
      const file = `/files/${set.wheels[1]?.file}`;
      expect(server.asked).toEqual(["/simple/made-up-1/", file, `${file} from 50000`]);
      expect(ran.err).toContain("under a licence.");
    },
  );

test.if(isLinux)(
  "an index that lacks a file, or sends another one, is told; what came is kept for the next try",
  async () => {
    const server = await index("json", (answer, one) =>
      one.path.includes("made_up_0") ? honest(new Uint8Array(100), one, '"other"') : answer,
    );
    const ran = await add("other", server.url);
    server.close();
    expect(ran.code).toBe(1);
    expect(ran.err).toContain(`it has 100 bytes there, and should have ${set.wheels[0]?.bytes}`);
    expect(ran.err).toContain(`Still missing: ${set.wheels[0]?.file}.`);
    expect(ran.there).toContain("libmade1.so.13");

    const empty = await fileServer(() => ({ status: 404, headers: { "content-length": 0 } }));
    const lacking = await add("none", `${empty.url}/simple`);
    empty.close();
    expect(lacking.err).toContain("/simple/made-up-0/ answered 404; --index names another index.");
  },
);

test.if(isLinux)("an index that is not reached is told of once, whatever is missing", async () => {
  const ran = await add("unreached", "http://127.0.0.1:9/simple");
  expect([ran.code, ran.there, ran.err.match(/was not reached/g)?.length]).toEqual([1, [".adding"], 1]);
  const [one, other] = set.wheels.map(({ file }) => file);
  expect(ran.err).toContain(`Still missing: ${one}, ${other}. The same command goes on;`);
});

test.if(isLinux)("an interruption ends the unpacking, and says what stays", async () => {
  const ran = await addTo(join(scratch, "interrupted"), "", [from], { INTERRUPTED: "1" });
  expect([ran.code, ran.there]).toEqual([130, [".adding"]]);
  expect(ran.err).toBe("Interrupted; what is whole stays, and the same command goes on.\n");
});

test.if(isLinux && disk.mounted)(
  `without room for all that is to be fetched nothing of it is fetched${disk.why}`,
  async () => {
    const server = await index("json");
    const ran = await addTo(join(disk.folder, "cuda"), server.url, []);
    server.close();
    expect([ran.code, server.asked, ran.there]).toEqual([1, [], [".adding"]]);
    expect(ran.err).toMatch(
      /^There is no room in \S+: \S+ MB are to come, and \S+ kB are free\. Make room, or [^\n]+\n$/,
    );
  },
);

test("options that mean nothing where they stand are refused", async () => {
  const given = (words: readonly string[], options: Readonly<Record<string, unknown>>) =>
    cuda({ flags: [], env: {}, words, options, engineCommand: [] });
  await expect(given([], { fetch: true })).rejects.toThrow("--fetch is an option of fooocusd cuda add.");
  await expect(given(["add", from], { verify: true })).rejects.toThrow(
    "--verify is an option of fooocusd cuda alone, not of cuda add.",
  );
  await expect(given(["add", from], { index: "https://pypi.org/simple" })).rejects.toThrow(
    "--index is for what --fetch fetches; name both, or neither.",
  );
  await expect(given(["add"], { fetch: true, index: "mirror" })).rejects.toThrow(
    "--index mirror is no address of an index of Python packages, such as https://pypi.org/simple.",
  );
});

test.if(isLinux)("a wheel that was fetched before the end is not fetched again", async () => {
  const folder = join(scratch, "fetched");
  mkdirSync(folder);
  for (const { file } of set.wheels) copyFileSync(join(from, file), join(folder, file));
  const ran = await add("fetched", "http://127.0.0.1:9/simple");
  expect([ran.code, ran.there]).toEqual([0, all]);
});

test("doctor says of a GPU what there is, and what helps, as seriously as the settings take it", () => {
  const card = { name: "A card", total: 12e9, free: 11e9, capability: [8, 6] } as const;
  const driver = {
    kind: "answers",
    library: "libcuda.so.1",
    cuda: 13000,
    version: "580.65.06",
    cards: [card],
  } as const;
  const whole = { folder: "/cuda", installed: true, driver, troubles: [] };
  expect(gpuFinding({ look: whole }, [])).toEqual({
    what: "GPU",
    level: "good",
    found:
      "NVIDIA's driver 580.65.06; A card, 12 GB (11 GB free), compute capability 8.6; CUDA's libraries are there",
  });
  const lacking = {
    ...whole,
    installed: false,
    troubles: [{ kind: "not-there", folder: "/cuda", wheels: [] }],
  } as const;
  expect(gpuFinding({ look: lacking }, [])).toMatchObject({
    level: "weak",
    mend: "CUDA's libraries are not in /cuda: fooocusd cuda add --fetch, or fooocusd cuda add FOLDER with the wheels in it. fooocusd cuda says more.",
  });
  expect(gpuFinding({ look: lacking }, ["cuda"]).level).toBe("fault");
  expect(gpuFinding({ look: lacking }, ["cuda", "cpu"]).level).toBe("weak");
  const nothing = { ...lacking, driver: undefined };
  expect(gpuFinding({ look: nothing }, []).level).toBe("good");
  expect(gpuFinding({ look: nothing }, ["cuda"]).level).toBe("fault");
});
