import { afterAll, beforeAll, expect, test } from "bun:test";
import sharp from "sharp";
import { type SourceServer, startSourceServer } from "../../scripts/bench/quality/source-server.ts";

/** The whole server with the real engine on the demo model. */
let server: SourceServer;
beforeAll(async () => {
  server = await startSourceServer();
}, 300_000);
afterAll(() => server?.close());

const send = (body: unknown, accept = "*/*"): Promise<Response> =>
  fetch(`${server.url}/v1/generation/text-to-image`, {
    method: "POST",
    headers: { accept },
    body: JSON.stringify(body),
  });
const request = { prompt: "a red circle", performance_selection: "Lightning", image_seed: 11 };

test("a picture by Lightning: base64 is the file, binary is the same pixels, memory is given back in between", async () => {
  const [item] = await (await send({ ...request, require_base64: true })).json();
  expect(item).toMatchObject({ seed: "11", finish_reason: "SUCCESS" });
  const file = await fetch(item.url);
  const bytes = Buffer.from(await file.arrayBuffer());
  expect(item.base64).toBe(`data:image/png;base64,${bytes.toString("base64")}`);
  const { isOpaque, channels } = await sharp(bytes).stats();
  expect(isOpaque && channels.some(({ stdev }) => stdev > 5)).toBe(true);

  expect(await (await fetch(`${server.url}/v1/engines/clean_vram`)).json()).toEqual({ message: "ok" });
  const binary = await send({ ...request, save_extension: "webp" }, "image/png");
  expect(binary.headers.get("content-type")).toBe("image/png");
  const pixels = (picture: Uint8Array) => sharp(picture).raw().toBuffer();
  const again = await send(request, "image/png");
  expect(await pixels(await again.bytes())).toEqual(await pixels(bytes));
  expect(await sharp(await binary.bytes()).metadata()).toMatchObject({ format: "png" });
}, 300_000);

test("a job is followed to its end", async () => {
  let job = await (await send({ ...request, async_process: true, image_number: 2 })).json();
  const stages = new Set<string>([job.job_stage]);
  let preview: string | null = null;
  while (job.job_stage === "WAITING" || job.job_stage === "RUNNING") {
    await Bun.sleep(20);
    const path = `/v1/generation/query-job?job_id=${job.job_id}&require_step_preview=true`;
    job = await (await fetch(`${server.url}${path}`)).json();
    stages.add(job.job_stage);
    preview = job.job_step_preview;
  }
  expect([...stages]).toEqual(["WAITING", "RUNNING", "SUCCESS"]);
  expect(job.job_result.map(({ seed }: { seed: string }) => seed)).toEqual(["11", "12"]);
  // The last preview stays.
  expect(await sharp(Buffer.from(preview ?? "", "base64")).metadata()).toMatchObject({ format: "png" });
}, 300_000);
