import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseFlags } from "#/config/flags.ts";
import { settingsHelp } from "#/config/help.ts";
import { loadConfig } from "#/config/load.ts";
import { pythonLiteral } from "#/config/python-literal.ts";
import { ConfigSchema } from "#/config/schema.ts";

const root = mkdtempSync(join(tmpdir(), "fooocusd-config-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function load(args: readonly string[], env: Readonly<Record<string, string>> = {}, file: unknown = {}) {
  const path = join(root, `${crypto.randomUUID()}.txt`);
  writeFileSync(path, typeof file === "string" ? file : JSON.stringify(file));
  return loadConfig({ flags: parseFlags(args), env: { config_path: path, ...env } });
}

test("later sources win: default, file, environment, flag", () => {
  expect(load([]).config.queue_limit).toBe(100);
  expect(load([], {}, { queue_limit: 5 }).config.queue_limit).toBe(5);
  expect(load([], { FOOOCUSD_QUEUE_LIMIT: "6" }, { queue_limit: 5 }).config.queue_limit).toBe(6);
  expect(load(["--queue-limit", "7"], { FOOOCUSD_QUEUE_LIMIT: "6" }).config.queue_limit).toBe(7);
  expect(load(["--queue-limit=8"]).config.queue_limit).toBe(8);
});

test("the API listens where FooocusAPI's does", () => {
  const ports = (...given: Parameters<typeof load>) => {
    const { port, also_port } = load(...given).config;
    return [port, also_port];
  };
  expect(ports([])).toEqual([7866, 0]);
  expect(ports([], { GRADIO_SERVER_PORT: "9000" })).toEqual([9001, 0]);
  expect(ports([], { GRADIO_SERVER_PORT: "9000", API_PORT: "9005" })).toEqual([9005, 0]);
  expect(ports(["--port", "8000"])).toEqual([8000, 8001]);
  expect(ports(["--port", "8000", "--also-port", "0"])).toEqual([8000, 0]);
  expect(ports(["--port", "0"])).toEqual([0, 0]);
  expect(ports(["--port", "65535"])).toEqual([65535, 0]);
  expect(ports(["--port", "8000"], { API_PORT: "9005" })).toEqual([8000, 9005]);
  expect(ports(["--port", "8000"], { API_PORT: "8000" })).toEqual([8000, 0]);
  expect(ports([], { FOOOCUSD_ALSO_PORT: "8002" })).toEqual([7866, 8002]);
  const implied = (args: readonly string[]) => load(args).config.impliedPort;
  expect([implied(["--port", "8000"]), implied(["--port", "8000", "--also-port", "8002"])]).toEqual([
    true,
    false,
  ]);
});

test("FooocusAPI's flags: other names for ours, and those that change nothing", () => {
  const { config, notes } = load(["--listen", "--apikey", "k1,k2", "--nowebui", "--output-path", "/data"]);
  expect([config.host, config.api_keys, config.outputs]).toEqual(["0.0.0.0", ["k1", "k2"], "/data"]);
  expect(notes).toEqual([
    "--nowebui changes nothing here: page and API are one server, which opens no browser.",
  ]);
  expect(load(["--listen", "::1", "--disable-metadata"]).config).toMatchObject({
    host: "::1",
    disable_metadata: true,
  });
});

test("every flag of FooocusAPI is understood, or said to change nothing", () => {
  const one =
    "--webhook-url=http://h/ --base-url=h:1 --preset=anime --hf-mirror=http://m --temp-path=/t --port=1";
  const bare = "--nowebui --disable-metadata --disable-image-log --disable-preset-download";
  const more = "--always-download-new-model --rebuild-hash-cache --apikey=k --output-path=/o --listen";
  const { config, notes } = load(`${one} ${bare} ${more}`.split(" "));
  expect(config).toMatchObject({
    webhook_url: "http://h/",
    base_url: "h:1",
    preset: "anime",
    disable_metadata: true,
    api_keys: ["k"],
    outputs: "/o",
    host: "0.0.0.0",
    hf_mirror: "http://m",
  });
  expect(notes).toHaveLength(6);
  expect(load(["--rebuild-hash-cache", "4"]).notes[0]).toStartWith(
    "--rebuild-hash-cache changes nothing here: ",
  );
});

test("a start script of Fooocus stopped at --always-high-vram: all its flags are taken, and each says why it does nothing", () => {
  const switches =
    "--share --disable-preset-selection --disable-offload-from-vram --disable-analytics --in-browser " +
    "--disable-enhance-output-sorting --enable-auto-describe-image --disable-in-browser --async-cuda-allocation " +
    "--disable-async-cuda-allocation --disable-attention-upcast --all-in-fp32 --all-in-fp16 --unet-in-bf16 " +
    "--unet-in-fp16 --unet-in-fp8-e4m3fn --unet-in-fp8-e5m2 --vae-in-fp16 --vae-in-fp32 --vae-in-bf16 --vae-in-cpu " +
    "--clip-in-fp8-e4m3fn --clip-in-fp8-e5m2 --clip-in-fp16 --clip-in-fp32 --disable-ipex-hijack --attention-split " +
    "--attention-quad --attention-pytorch --disable-xformers --always-gpu --always-high-vram --always-normal-vram " +
    "--always-low-vram --always-no-vram --always-offload-from-vram --pytorch-deterministic --disable-server-log " +
    "--debug-mode --is-windows-embedded-python --disable-server-info --multi-user --disable-header-check --directml " +
    "--always-cpu --skip-pip --preload-pipeline";
  const valued =
    "--language default --theme dark --disable-header-check * --web-upload-size 100 --cache-path /c --gpu-device-id 0 " +
    "--directml 1 --preview-option fast --always-cpu 4";
  const given = [...switches.split(" "), ...valued.split(" ")];
  const several = ["--external-working-path", "/a", "/b", "--external-working-path=/c", "--port", "1"];
  const { config, notes } = load([...given, ...several]);
  expect(config).toMatchObject({ port: 1, models: ["models"] });
  const flags = new Set(given.filter((word) => word.startsWith("--")));
  expect(notes).toHaveLength(flags.size + 1);
  for (const note of notes) expect(note).toMatch(/^--[a-z0-9-]+ changes nothing here: .{10,}\.$/);
  expect(() => load(["--always-high-vrams"])).toThrow("no flag --always-high-vrams");
});

test("a bad value of ours stops the start, naming key and source", () => {
  expect(() => load(["--port", "many"])).toThrow('--port: port cannot be "many"; it takes a whole number');
  expect(() => load([], { FOOOCUSD_WEIGHTS: "heavy" })).toThrow("FOOOCUSD_WEIGHTS: weights cannot be");
  expect(() => load([], {}, { isolation: "none" })).toThrow("it takes thread | process");
  expect(() => load(["--engines", "cpu:1"])).toThrow(
    "it takes a list of cpu | webgpu | cuda | cuda:<number>",
  );
  expect(() => load(["--no-such-flag"])).toThrow("no flag --no-such-flag");
  expect(() => load(["stray"])).toThrow("stray is no flag");
  expect(() => load(["--api-keys", "--port", "1"])).toThrow(
    "--api-keys needs a value: it takes a list of text.",
  );
  expect(() => load(["--fooocus", join(root, "nothing")])).toThrow("There is no Fooocus folder");
  for (const base of ["://", "http://", "a b"])
    expect(() => load(["--base-url", base])).toThrow(`base_url cannot be "${base}"`);
  for (const hook of ["hooks.example/a", "ftp://hooks.example/"])
    expect(() => load(["--webhook-url", hook])).toThrow(`webhook_url cannot be "${hook}"`);
  expect(() => load(["--webhook-url", "None"])).not.toThrow();
  expect(() => load(["--hf-mirror", "m.example"])).toThrow('hf_mirror cannot be "m.example"');
  for (const base of ["", "host", "host:1", "::1", "[::1]:8", "https://host/path"])
    expect(load([`--base-url=${base}`]).config.base_url).toBe(base);
  expect(() => load([], {}, "{")).toThrow("is not JSON");
  expect(() => load([], {}, [1])).toThrow("does not hold a JSON object");
});

test("a bad value of Fooocus' falls back with a note; its other keys are left alone", () => {
  const { config, notes } = load(
    [],
    { default_cfg_scale: "5.5" },
    {
      default_model: "mine.safetensors",
      default_clip_skip: 99,
      default_enhance_tabs: 3,
      something_else: true,
    },
  );
  expect(config.fooocusKeys).toEqual({
    file: { default_model: "mine.safetensors" },
    environment: { default_cfg_scale: 5.5 },
  });
  expect(notes).toHaveLength(1);
  expect(notes[0]).toContain("default_clip_skip cannot be 99");
});

test("Fooocus' folders become model folders of one kind", () => {
  const { config } = load([], {}, { path_checkpoints: ["/big", "models/more"], path_outputs: "/out" });
  expect(config.models).toEqual(["checkpoints=/big", "checkpoints=models/more", "models"]);
  expect(config.outputs).toBe("/out");
});

test("a model folder that was named and is not there is told, since the picture would be another model's", () => {
  const nowhere = join(root, "nowhere");
  expect(load(["--models", `models,${nowhere},loras=${root}`]).notes).toEqual([
    `models names the folder ${nowhere}, which is not there.`,
  ]);
});

test("a model folder that cannot be read is told with the reason", () => {
  const file = join(root, "no-folder");
  writeFileSync(file, "");
  expect(load(["--models", `loras=${file}`]).notes).toEqual([
    `models names the folder ${file}, which cannot be read (ENOTDIR): no model is taken from it. Who runs the server must be able to read it, and to enter the folders above it.`,
  ]);
});

test("a Fooocus folder brings its config.txt and its models, below our own", () => {
  const fooocus = mkdtempSync(join(root, "fooocus-"));
  writeFileSync(
    join(fooocus, "config.txt"),
    JSON.stringify({ default_model: "theirs", default_sampler: "euler", path_loras: "models/loras" }),
  );
  const { config } = load(["--fooocus", fooocus], {}, { default_model: "ours" });
  expect(config.fooocusKeys.file).toEqual({
    default_model: "ours",
    default_sampler: "euler",
    path_loras: "models/loras",
  });
  expect(config.models).toEqual([`loras=${fooocus}/models/loras`, "models", `${fooocus}/models`]);
});

test("our own config.txt may name the Fooocus folder, and its outputs win over that folder's", () => {
  const fooocus = mkdtempSync(join(root, "fooocus-"));
  writeFileSync(
    join(fooocus, "config.txt"),
    JSON.stringify({ path_outputs: "outputs", default_model: "theirs" }),
  );
  const named = load([], {}, { fooocus });
  expect([named.config.fooocus, named.config.outputs]).toEqual([fooocus, join(fooocus, "outputs")]);
  expect(named.config.models).toEqual(["models", `${fooocus}/models`]);
  expect(named.config.fooocusKeys.file.default_model).toBe("theirs");
  expect(load([], {}, { fooocus, outputs: "ours" }).config.outputs).toBe("ours");
  expect(load([], { path_outputs: "theirs" }, { fooocus, outputs: "ours" }).config.outputs).toBe("theirs");
  expect(() => load([], {}, { fooocus: join(root, "nothing") })).toThrow("There is no Fooocus folder");
  const other = mkdtempSync(join(root, "fooocus-"));
  expect(load(["--fooocus", fooocus, "--fooocus", other]).config.models).toEqual([
    "models",
    `${other}/models`,
  ]);
});

test("a Fooocus folder whose config.txt is broken is used without it, and that is told", () => {
  const fooocus = mkdtempSync(join(root, "fooocus-"));
  writeFileSync(join(fooocus, "config.txt"), '{"default_model": "x",}');
  const { config, notes } = load(["--fooocus", fooocus]);
  expect(config.models).toEqual(["models", `${fooocus}/models`]);
  expect(notes).toEqual([expect.stringContaining(`${fooocus}/config.txt is not JSON`)]);
  expect(() => load([], {}, '{"port": 1,}')).toThrow("is not JSON");
});

test("Python literals", () => {
  const literals = ["True", "None", "'it\\'s'", "[True, 'a', 1.5]", "(1, 2)", '"x"', "plain text", "3"];
  expect(literals.map(pythonLiteral)).toEqual([
    true,
    null,
    "it's",
    [true, "a", 1.5],
    [1, 2],
    "x",
    "plain text",
    3,
  ]);
});

test("the settings are frozen, and help lists them all", () => {
  expect(Object.isFrozen(load([]).config)).toBe(true);
  const help = settingsHelp(200);
  for (const key of Object.keys(ConfigSchema.properties))
    expect(help).toContain(`--${key.replaceAll("_", "-")}`);
});

test("--models A --models B searches both folders, where the last one used to win alone", () => {
  const models = (...args: string[]) => load(args).config.models;
  expect(models("--models", "a", "--models", "b,c")).toEqual(["a", "b", "c"]);
  expect(models("--models=a")).toEqual(["a"]);
  expect(load(["--apikey", "k1", "--api-keys=k2"]).config.api_keys).toEqual(["k1", "k2"]);
  expect(load(["--queue-limit", "7", "--queue-limit", "8"]).config.queue_limit).toBe(8);
});

test("FOOOCUSD_CONFIG_PATH names the file, and one that is not there is told of", () => {
  const path = join(root, "mine.txt");
  writeFileSync(path, JSON.stringify({ queue_limit: 9 }));
  expect(load([], { FOOOCUSD_CONFIG_PATH: path }, { queue_limit: 5 }).config.queue_limit).toBe(9);
  const nowhere = join(root, "nowhere.txt");
  expect(load([], { FOOOCUSD_CONFIG_PATH: nowhere }).notes).toEqual([
    `The configuration file ${nowhere}, which the environment names, is not there.`,
  ]);
});

test("misspelt flags, variables and keys are told, with the name that was meant", () => {
  expect(() => load(["--prot", "1"])).toThrow(
    "There is no flag --prot; --help lists them. Did you mean --port?",
  );
  expect(() => load(["--out-put-path", "x"])).toThrow("Did you mean --output-path?");
  expect(() => load(["--nothing-like-it", "x"])).toThrow(/lists them\.$/);
  const { notes, config } = load(
    [],
    {
      FOOOCUSD_API_KEY: "k",
      FOOCUSD_PORT: "1",
      FOOOCUSD_UNHEARD_OF: "1",
      FOOOCUSD_CACHE_DIR: "/c",
      FOCUS: "1",
    },
    {
      api_key: ["k"],
      "queue-limit": 3,
      defualt_model: "m",
      default_image_number: 2,
      default_performance: "Speed",
    },
  );
  expect(notes.map((note) => note.replace(/^\S+\.txt/, "config.txt"))).toEqual([
    "config.txt: api_key is no setting and changes nothing. Did you mean api_keys?",
    "config.txt: queue-limit is no setting and changes nothing. Did you mean queue_limit?",
    "config.txt: defualt_model is no setting and changes nothing. Did you mean default_model?",
    "The variable FOOOCUSD_API_KEY is none of ours and changes nothing. Did you mean FOOOCUSD_API_KEYS?",
    "The variable FOOCUSD_PORT is none of ours and changes nothing. Did you mean FOOOCUSD_PORT?",
    "The variable FOOOCUSD_UNHEARD_OF is none of ours and changes nothing.",
  ]);
  expect(config.api_keys).toEqual([]);
});
