import { expect, test } from "bun:test";
import { gate, ScriptedEngine } from "../support/scripted-engine.ts";
import { serveBench, soon } from "../support/served-bench.ts";

/**
 * What SillyTavern 1.12.6 asks of "Stable Diffusion Web UI (AUTOMATIC1111)", its image generation extension through its own
 * server: paths, headers, bodies and order as it sends them, and of the answers what it reads. Its source "OpenAI" has the
 * address of OpenAI itself in its code, so it cannot be told of another server.
 *
 * @param auth what the user typed as authentication, `name:password`; nothing is sent as nothing
 */
function sillyTavern(address: string, auth = "") {
  const headers = {
    authorization: `Basic ${Buffer.from(auth).toString("base64")}`,
    accept: "*/*",
    "user-agent": "node-fetch",
    "accept-encoding": "gzip, deflate, br",
  };
  const ask = async (path: string) => await fetch(`${address}${path}`, { headers });
  const post = async (path: string, body?: object, signal?: AbortSignal) =>
    await fetch(`${address}${path}`, {
      method: "POST",
      headers: { ...headers, ...(body === undefined ? {} : { "content-type": "application/json" }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  const names = async (path: string, key = "name"): Promise<string[]> => {
    const answer = await ask(path);
    if (!answer.ok) throw new Error("SD WebUI returned an error.");
    return (await answer.json()).map((row: Record<string, string>) => row[key]);
  };
  return {
    /** *Connect*. */
    ping: async () => (await ask("/sdapi/v1/options")).ok,
    /** What fills its lists, all at once. */
    lists: async () => {
      const models = async () => {
        const current: unknown = (await (await ask("/sdapi/v1/options")).json()).sd_model_checkpoint;
        const titles = await names("/sdapi/v1/sd-models", "title");
        const [upscalers, latent] = await Promise.all([
          names("/sdapi/v1/upscalers"),
          names("/sdapi/v1/latent-upscale-modes"),
        ]);
        return { current, titles, upscalers: upscalers.toSpliced(1, 0, ...latent) };
      };
      const [samplers, found, schedulers, vaes] = await Promise.all([
        names("/sdapi/v1/samplers"),
        models(),
        names("/sdapi/v1/schedulers"),
        names("/sdapi/v1/sd-vae", "model_name"),
      ]);
      return { samplers, ...found, schedulers, vaes };
    },
    /** Another model in its list; it looks at the progress until nothing is done. */
    choose: async (title: string) => {
      const { ok } = await post("/sdapi/v1/options", { sd_model_checkpoint: title });
      const { progress, state } = await (await ask("/sdapi/v1/progress")).json();
      return { ok, idle: progress === 0 && state.job_count === 0 };
    },
    /** A picture: the browser's whole body is passed on, with the address and the password in it. */
    draw: (settings: object, signal?: AbortSignal) =>
      post("/sdapi/v1/txt2img", { url: address, auth, ...settings }, signal),
    /** What it sends when the browser goes away, before it lets go of the request. */
    interrupt: () => post("/sdapi/v1/interrupt"),
  };
}

/** Its settings as they are at first, but small. */
const settings = {
  prompt: "best quality, absurdres, aesthetic, a circle",
  negative_prompt: "lowres, bad anatomy",
  sampler_name: "DDIM",
  scheduler: "normal",
  steps: 20,
  cfg_scale: 7,
  width: 64,
  height: 64,
  restore_faces: false,
  enable_hr: false,
  hr_upscaler: "Latent",
  hr_scale: 2,
  denoising_strength: 0.7,
  hr_second_pass_steps: 0,
  override_settings: { CLIP_stop_at_last_layers: 1 },
  override_settings_restore_afterwards: true,
  clip_skip: 1,
  save_images: true,
  send_images: true,
  do_not_save_grid: false,
  do_not_save_samples: false,
};

const isPng = (base64: string) => Buffer.from(base64, "base64").subarray(1, 4).toString() === "PNG";

test("SillyTavern connects, fills its lists, chooses a model, and draws", async () => {
  await using bench = await serveBench();
  const client = sillyTavern(bench.url);
  expect(await client.ping()).toBe(true);
  const { titles, current, ...lists } = await client.lists();
  expect(titles).toEqual(["base.safetensors"]);
  expect(titles).toContain(current as string);
  expect(lists.upscalers[0]).toBe("None");
  expect(lists).toMatchObject({
    samplers: expect.arrayContaining(["Euler a", "DPM++ 2M", "DDIM"]),
    // The names without blanks; its own first setting is one of them.
    schedulers: expect.arrayContaining(["automatic", "karras", "normal"]),
    vaes: [],
  });
  expect(await client.choose(titles[0] ?? "")).toEqual({ ok: true, idle: true });
  const answer = await client.draw(settings);
  expect(answer.status).toBe(200);
  const { images } = await answer.json();
  expect(images.map(isPng)).toEqual([true]);
});

test("its settings are those of the task, and its password is in no answer", async () => {
  const engine = new ScriptedEngine();
  await using bench = await serveBench({ engine, keys: ["secret"] });
  const client = sillyTavern(bench.url, "me:secret");
  const answer = await client.draw({
    ...settings,
    seed: 7,
    steps: 3,
    sampler_name: "Euler a",
    scheduler: "karras",
  });
  const text = await answer.text();
  expect(text).not.toContain("secret");
  const recipe = engine.jobs[0]?.recipe;
  expect(recipe).toMatchObject({
    size: { width: 64, height: 64 },
    steps: 3,
    sampler: "euler_ancestral",
    schedule: "karras",
    clipSkip: 2,
    images: [{ seed: 7n }],
  });
  const [task] = await bench.tasks.history({ page: 0, pageSize: 1 });
  expect(
    JSON.stringify(task, (_, value) => (typeof value === "bigint" ? String(value) : value)),
  ).not.toContain("secret");
});

test("a wrong password is told when it connects, and the right one is the key", async () => {
  await using bench = await serveBench({ keys: ["secret"] });
  for (const [auth, is] of [
    ["", false],
    ["me:guess", false],
    ["me:secret", true],
  ] as const)
    expect([auth, await sillyTavern(bench.url, auth).ping()]).toEqual([auth, is]);
});

test("what is refused is an error to it, with a reason in its log", async () => {
  await using bench = await serveBench();
  const answer = await sillyTavern(bench.url).draw({ ...settings, sampler_name: "No such sampler" });
  expect(answer.ok).toBe(false);
  expect(await answer.text()).toContain("No such sampler");
});

test("a picture that the user stops is stopped", async () => {
  const held = gate();
  const engine = new ScriptedEngine({ beforeStep: ({ step }) => (step === 2 ? held.passed : undefined) });
  await using bench = await serveBench({ engine });
  const client = sillyTavern(bench.url);
  const gone = new AbortController();
  const drawing = client.draw(settings, gone.signal).catch((error: Error) => error.name);
  expect(await soon(() => bench.tasks.current() !== undefined && engine.jobs.length === 1)).toBe(true);
  const stopping = client.interrupt();
  gone.abort();
  expect(await drawing).toBe("AbortError");
  expect((await stopping).ok).toBe(true);
  held.open();
  const [task] = await bench.tasks.history({ page: 0, pageSize: 1 });
  const ended = task && (await bench.tasks.settled(task.id, AbortSignal.timeout(60_000)));
  expect(ended?.state).toMatchObject({ status: "settled", outcome: "stopped" });
});
