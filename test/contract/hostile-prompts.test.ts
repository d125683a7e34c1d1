import { afterAll, describe, expect, test } from "bun:test";
import { liveClient } from "../support/live-client.ts";
import { serveBench } from "../support/served-bench.ts";

const bench = await serveBench({ config: { queue_limit: 10_000 } });
await bench.tasks.pause(true);
afterAll(() => bench.close());

const send = async (path: string, body: unknown) => {
  const answer = await fetch(`${bench.url}${path}`, { method: "POST", body: JSON.stringify(body) });
  return { status: answer.status, detail: (await answer.json()).detail };
};
const request = { style_selections: [], async_process: true };
const nested = `${"(".repeat(2000)}a${")".repeat(2000)}`;

describe("a prompt that blamed a model file is refused when it is submitted", () => {
  for (const [prompt, says] of [
    ["(a:1e300)", "gives a word the weight 1e+300; -1e+26 to 1e+26 is the limit"],
    [nested, "has a word under 2000 brackets; 100 is the limit"],
  ] as const) {
    for (const field of ["prompt", "negative_prompt"] as const) {
      test(`${field}: ${prompt.slice(0, 12)}`, async () => {
        const { status, detail } = await send("/v1/engine/generate/", { ...request, [field]: prompt });
        expect(status).toBe(422);
        expect(detail).toHaveLength(1);
        expect(detail[0]).toMatchObject({
          type: "value_error",
          loc: ["body", field],
          msg: expect.stringContaining(`${field} ${says}`),
          ctx: { error: "invalid-value" },
        });
        expect(bench.tasks.pending()).toEqual([]);
      });
    }
  }

  test("by the legacy API, and on the live channel", async () => {
    const legacy = await send("/v1/generation/text-to-image", { ...request, prompt: nested });
    expect([legacy.status, legacy.detail[0].loc]).toEqual([422, ["body", "prompt"]]);
    const live = await liveClient(bench.url);
    expect(await live.ask({ type: "generate", request: { ...request, prompt: nested } })).toMatchObject({
      type: "error",
      code: "invalid-value",
      field: "request.prompt",
    });
    live.close();
  });
});

test("200,000 letters of words are taken, shown and listed as they were sent", async () => {
  const prompt = "a photo of a small cat ".repeat(8695);
  const answer = await fetch(`${bench.url}/v1/engine/generate/`, {
    method: "POST",
    body: JSON.stringify({ ...request, prompt }),
  });
  expect(answer.status).toBe(200);
  const { task_id } = await answer.json();
  const record = await (await fetch(`${bench.url}/tasks/${task_id}`)).json();
  expect(record.req_params.prompt).toBe(prompt);
  const { pending } = await (await fetch(`${bench.url}/tasks?query=pending`)).json();
  expect(pending[0].req_params.prompt).toBe(prompt);
});
