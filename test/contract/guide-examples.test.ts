import { afterAll, expect, test } from "bun:test";
import sharp from "sharp";
import { startSourceServer } from "../../scripts/bench/quality/source-server.ts";
import { iterLines, jsonDumps, requestsGet, requestsPost } from "../support/python-requests.ts";

/** The real server with the demo model. */
const server = await startSourceServer(["--also-port", "0"]);
afterAll(() => server.close());

const endpoint = `${server.url}/v1/engine/generate/`;
/** The migration guide's request, which its three examples share. */
const params = { prompt: "", negative_prompt: "", performance_selection: "Lightning" };
const patience = 240_000;

test("the bytes are Python's", () => {
  expect(jsonDumps({ ...params, a: [true, null, "é"] })).toBe(
    '{"prompt": "", "negative_prompt": "", "performance_selection": "Lightning", "a": [true, null, "\\u00e9"]}',
  );
});

test(
  "asynchronous: the acknowledgement, then the task by its id until it is finished, and its picture",
  async () => {
    const res = await requestsPost(endpoint, { ...params, async_process: true, webhook_url: "" });
    expect([res.status, res.headers.get("content-type")]).toEqual([200, "application/json"]);
    const said = JSON.parse(res.body.toString());
    expect(said).toEqual({
      id: -1,
      task_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      req_params: {},
      in_queue_mills: -1,
      start_mills: -1,
      finish_mills: -1,
      task_status: "pending",
      progress: -1,
      preview: "",
      webhook_url: "",
      result: [],
    });

    const seen = new Set<string>();
    let record = JSON.parse((await requestsGet(`${server.url}/tasks/${said.task_id}`)).body.toString());
    while (record.task_status === null || record.task_status === "running") {
      if (record.task_status === "running") {
        seen.add(record.preview === null ? "running" : "running with a preview");
        expect(record.finish_mills).toBe(-1);
        expect(record.progress).toBeLessThanOrEqual(100);
      }
      await Bun.sleep(20);
      record = JSON.parse((await requestsGet(`${server.url}/tasks/${said.task_id}`)).body.toString());
    }
    expect(seen).toContain("running with a preview");
    expect(record).toMatchObject({
      task_id: said.task_id,
      task_status: "finished",
      progress: 100,
      webhook_url: "",
    });
    expect(record).not.toHaveProperty("preview");
    // FooocusAPI's fields, and behind them our own.
    expect(Object.keys(record.req_params)).toHaveLength(84 + 6);
    expect(Object.keys(record.req_params).slice(84)).toEqual([
      ...["precision", "cache", "cfg_until", "size_number", "upscaler_name", "upscale_alone"],
    ]);
    const picture = await requestsGet(record.result[0]);
    expect(picture.headers.get("content-type")).toBe("image/png");
    expect((await sharp(picture.body).metadata()).format).toBe("png");
    // The guide's list of tasks, and the task in it.
    const lists = JSON.parse(
      (await requestsGet(`${server.url}/tasks?query=history&page=0&page_size=5`)).body.toString(),
    );
    expect(lists).toEqual({ history: [record], current: [], pending: [] });
  },
  patience,
);

test(
  "stream: the lines as both of the guide's loops read them",
  async () => {
    const res = await requestsPost(endpoint, { ...params, stream_output: true, webhook_url: "" });
    expect(res.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    const printed = iterLines(res.body).filter((line) => line !== "");
    for (const line of printed) expect(line).toMatch(/^data: $|^data: \{.*\}$|^: ping - /);

    // for line in res.iter_lines(): try: json.loads(line[6:]) except JSONDecodeError: continue
    const messages = iterLines(res.body).flatMap((line) => {
      try {
        return [JSON.parse(line.slice(6))];
      } catch {
        return [];
      }
    });
    const said = messages.map(({ progress, message, preview }) => [progress, message, preview !== null]);
    const told = JSON.stringify(said);
    const all = [
      [1, "Downloading Lightning components ...", false],
      [1, "Loading control models ...", false],
      [1, "Initializing ...", false],
      [2, "Loading models ...", false],
      [3, "Processing prompts ...", false],
      [4, "Encoding positive #1 ...", false],
      [5, "Moving model to GPU ...", false],
      [5, "Preparing task 1/1 ...", false],
      [28, "Sampling step 1/4, image 1/1 ...", true],
      [52, "Sampling step 2/4, image 1/1 ...", true],
      [76, "Sampling step 3/4, image 1/1 ...", true],
      [100, "Sampling step 4/4, image 1/1 ...", true],
      [100, "Saving image 1/1 to system ...", false],
      [100, "Finished", false],
    ];
    // As the reference's, events are 200 ms apart, and progress that waits gives way to newer progress.
    expect(said).toEqual(all.filter((one) => told.includes(JSON.stringify(one))));
    expect([said[0], said.at(-1)]).toEqual([all[0], all.at(-1)]);
    const preview = messages.find((message) => message.preview !== null)?.preview ?? "none was told";
    expect(preview).toStartWith("data:image/png;base64,");
    const { width, height } = await sharp(Buffer.from(preview.split(",")[1], "base64")).metadata();
    const last = messages.at(-1).images;
    expect(last).toEqual([
      expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/outputs\/\d{4}-\d\d-\d\d\/[\w-]+\.png$/),
    ]);
    const picture = await sharp((await requestsGet(last[0])).body).metadata();
    expect([width, height]).toEqual([picture.width / 4, picture.height / 4]);
  },
  patience,
);

test(
  "binary: naming both switches as false is answered with one picture",
  async () => {
    const res = await requestsPost(endpoint, {
      ...params,
      async_process: false,
      stream_output: false,
      webhook_url: "",
    });
    expect([res.status, res.headers.get("content-type")]).toEqual([200, "image/png"]);
    const { format, width, height, channels } = await sharp(res.body).metadata();
    expect({ format, width, height, channels }).toEqual({
      format: "png",
      width: 256,
      height: 256,
      channels: 3,
    });
    const { entropy } = await sharp(res.body).stats();
    expect(entropy).toBeGreaterThan(0.1);
  },
  patience,
);
