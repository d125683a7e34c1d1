import { expect } from "bun:test";
import { pythonClient } from "../support/python-client.ts";
import { ScriptedEngine } from "../support/scripted-engine.ts";
import { serveBench, soon } from "../support/served-bench.ts";

const client = await pythonClient("openai");

client.test(
  "openai, at its door: keys, pictures, errors, streams, edits, and a client that goes away",
  async () => {
    const events: string[] = [];
    const gone = Promise.withResolvers<void>();
    const engine: ScriptedEngine = new ScriptedEngine({
      beforeStep: async ({ image, step }) => {
        const seed = engine.jobs.at(-1)?.recipe.images[0]?.seed;
        // Each step waits until the client has seen what the one before shows.
        if (seed === 11n && step > 1) await soon(() => events.length >= step - 1);
        if (seed === 13n && image === 1 && step === 2) throw new Error("it broke");
        if (seed === 17n && step === 2) await gone.promise;
      },
    });
    await using bench = await serveBench({ engine, keys: ["secret"] });
    const seen = await client.run([bench.url, "secret"], (line) => {
      if (line["saw"] === "event") events.push(String(line["type"]));
      if (line["saw"] === "gone") gone.resolve();
    });
    const task = String(seen.at(-1)?.["task"]);
    const badRequest = { name: "BadRequestError", status: 400 };
    const noKey = { name: "AuthenticationError", status: 401, param: null, code: "invalid_api_key" };
    const partial = { saw: "event", type: "image_generation.partial_image", png: true };
    expect(seen).toEqual([
      { saw: "wrong key", ...noKey },
      { saw: "no key", ...noKey },
      { saw: "models", ids: ["base.safetensors"], one: "base.safetensors" },
      { saw: "picture", png: true, pictures: 2, url: null, size: "64x64", tokens: 0, warnings: [true] },
      { saw: "url", b64: null, url: true },
      { saw: "bad size", ...badRequest, param: "size", code: "invalid_value" },
      { saw: "bad field", ...badRequest, param: "styles", code: "unknown_model" },
      { saw: "bad stream", ...badRequest, param: "prompt", code: "invalid_value" },
      ...[0, 1, 2].map((index) => ({ ...partial, index })),
      { saw: "event", type: "image_generation.completed", index: null, png: true },
      { saw: "before the fault", type: "image_generation.completed" },
      { saw: "fault", code: "bug", type: "server_error", message: "it broke" },
      { saw: "edit", pictures: 1, told: true },
      { saw: "bad mask", ...badRequest, param: "mask", code: "bad_image" },
      { saw: "bad picture", ...badRequest, param: "image", code: "bad_image" },
      { saw: "gone", task },
    ]);
    const headers = { "x-api-key": "secret" };
    const record = await (await fetch(`${bench.url}/tasks/${task}?wait=60`, { headers })).json();
    expect([record.task_status, record.result.length]).toEqual(["finished", 1]);
  },
);
