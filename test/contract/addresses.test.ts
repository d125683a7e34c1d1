import { afterAll, describe, expect, test } from "bun:test";
import { isOpenToAll } from "#/routes/http/guard.ts";
import { addressNote } from "#/tasks/intake/base-url.ts";
import { liveClient } from "../support/live-client.ts";
import { type ServedBench, serveBench, soon } from "../support/served-bench.ts";

const hooks: string[] = [];
const receiver = Bun.serve({
  port: 0,
  fetch: async (request) => {
    hooks.push(await request.text());
    return new Response("");
  },
});

/** A server that listens as one does under `--listen` or in a container: it knows only itself by 127.0.0.1. */
async function serve(named?: string): Promise<ServedBench> {
  const bench: ServedBench = await serveBench({
    addresses: { listening: () => bench.url, named: () => named },
  });
  return bench;
}
const bench = await serve();
const namedBench = await serve("https://pictures.example/fooocus");
afterAll(async () => {
  await receiver.stop(true);
  await bench.close();
  await namedBench.close();
});

const host = "gpu.lan:9000";
const headers = { host };
const small = { style_selections: [], overwrite_step: 1, overwrite_width: 64, overwrite_height: 64 };
const posted = async (path: string, body: unknown, more: Record<string, string> = headers, at = bench) =>
  await (await fetch(at.url + path, { method: "POST", headers: more, body: JSON.stringify(body) })).text();
const got = async (path: string, more: Record<string, string> = headers, at = bench) =>
  await (await fetch(at.url + path, { headers: more })).text();
const generate = "/v1/engine/generate/";
/** A red picture of 8 x 8. */
const dot =
  "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEUlEQVR4nGM4ISeHFTEMLQkAkL9BAbKfPiIAAAAASUVORK5CYII=";

/** Where the addresses of pictures in a text begin. */
const bases = (text: string): readonly string[] => [
  ...new Set(
    [...text.matchAll(/(https?:[^"\s]*?)\/(?:outputs|inputs|files)\//g)].map(([, base = ""]) => base),
  ),
];

describe("result addresses said 127.0.0.1 to whoever asked", () => {
  test("every answer has those of the name it was asked under", async () => {
    const record = await posted(generate, { ...small, image_number: 2 });
    const { task_id: id, result } = JSON.parse(record);
    const client = await liveClient(bench.url, headers);
    client.say({ type: "subscribe", tasks: [id] });
    client.say({ type: "generate", request: small });
    await client.until(({ type }) => type === "settled");
    await soon(() => client.heard.filter(({ type }) => type === "settled").length === 2);
    const answers = [
      record,
      await posted(generate, { ...small, stream_output: true }),
      await got(`/tasks/${id}`),
      await got("/tasks"),
      await got(`/tasks/${id}/events`),
      await posted("/v1/generation/text-to-image", { ...small, prompt: "x" }),
      await got(`/v1/generation/query-job?job_id=${id}`),
      client.heard.map((message) => JSON.stringify(message)).join("\n"),
    ];
    client.close();
    for (const text of answers) expect(bases(text)).toEqual([`http://${host}`]);
    // It is the same picture under each name.
    const path = result[0].slice(`http://${host}`.length);
    expect((await fetch(bench.url + path, { headers })).status).toBe(200);
  });

  test("one client's Host header is in nobody else's answer, in no webhook and in no record", async () => {
    const forged = { host: "evil.example" };
    const record = JSON.parse(
      await posted(generate, { ...small, webhook_url: `http://127.0.0.1:${receiver.port}/` }, forged),
    );
    expect(bases(JSON.stringify(record))).toEqual(["http://evil.example"]);
    expect(bases(await got(`/tasks/${record.task_id}`, { host: "other.lan" }))).toEqual(["http://other.lan"]);
    await soon(() => hooks.length > 0);
    expect(bases(hooks.join())).toEqual([bench.url]);
    const kept = await bench.history.find(record.task_id);
    expect(bases(JSON.stringify(kept?.state))).toEqual([bench.url]);
  });

  test("a proxy that ends TLS is heard, a host that is none is not", async () => {
    const { task_id: id } = JSON.parse(await posted(generate, small));
    const seen = async (more: Record<string, string>) => bases(await got(`/tasks/${id}`, more));
    expect(await seen({ ...headers, "x-forwarded-proto": "https" })).toEqual([`https://${host}`]);
    expect(await seen({ ...headers, "x-forwarded-host": "evil.example" })).toEqual([`http://${host}`]);
    expect(await seen({ host: "[::1]:7866" })).toEqual(["http://[::1]:7866"]);
    // Some of them are refused as no address at all.
    for (const odd of ['a"b', "a/b", "a@b", "a b", "a:b", "a:123456", "<x>", "a?b", "a#b", "é"])
      expect([[], [bench.url]]).toContainEqual([...(await seen({ host: odd }).catch(() => []))]);
  });

  test("a picture that is given back under such a name is read from disk", async () => {
    const { result } = JSON.parse(await posted(generate, small));
    for (const image of [result[0], result[0].replace("/outputs/", "/files/")]) {
      const read = await posted("/v1/tools/read-metadata", { image });
      expect(JSON.parse(read).scheme).toBe("fooocus");
    }
    const request = { ...small, uov_method: "Disabled", uov_input_image: result[0] };
    const record = JSON.parse(await posted(generate, request));
    expect(record.task_status).toBe("finished");
    expect(record.req_params.uov_input_image).toStartWith(`http://${host}/inputs/`);
    const slots = { ...request, uov_input_image: record.req_params.uov_input_image };
    expect(JSON.parse(await posted(generate, slots)).task_status).toBe("finished");
  });
});

describe("a name that the operator gave wins", () => {
  const base = "https://pictures.example/fooocus";
  test("over every Host header, for what was kept before too", async () => {
    const record = await posted(generate, small, headers, namedBench);
    expect(bases(record)).toEqual([base]);
    expect(bases(await got("/tasks", { host: "evil.example" }, namedBench))).toEqual([base]);
  });

  test("and redirects, which led past a proxy's path, use it too", async () => {
    const to = async (path: string, at: ServedBench) =>
      (await fetch(at.url + path, { redirect: "manual", headers })).headers.get("location");
    expect(await to("/tasks/?page=1", namedBench)).toBe(`${base}/tasks?page=1`);
    expect(await to("/", namedBench)).toBe(`${base}/docs`);
    expect(await to("/tasks/?page=1", bench)).toBe(`http://${host}/tasks?page=1`);
    expect(await to("/", bench)).toBe("/docs");
  });
});

test("the start says what addresses will look like, and that everybody gets in", () => {
  expect(addressNote({ base_url: "", host: "0.0.0.0", port: 7866 })).toBe(
    "addresses of pictures begin with the name that each client asks under; webhooks are given http://127.0.0.1:7866 (base_url names another)",
  );
  expect(addressNote({ base_url: "gpu.lan", host: "0.0.0.0", port: 7866 })).toBe(
    "addresses of pictures begin with http://gpu.lan:7866",
  );
  const open = (where: string, api_keys: readonly string[] = []) => isOpenToAll({ host: where, api_keys });
  expect(["0.0.0.0", "::", "192.168.1.5", "gpu.lan"].map((where) => open(where))).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect(["127.0.0.1", "localhost", "::1"].map((where) => open(where))).toEqual([false, false, false]);
  expect(open("0.0.0.0", ["k"])).toBe(false);
});

test("what was made when the server listened at another port, or was called otherwise, has the address of today", async () => {
  const places = ["http://127.0.0.1:7865", "http://127.0.0.1:8888"];
  const names = [undefined, "https://old.example/api", "https://new.example/sd"];
  const now: { listening: string; named: string | undefined } = {
    listening: places[0] ?? "",
    named: undefined,
  };
  const moving = await serveBench({ addresses: { listening: () => now.listening, named: () => now.named } });
  try {
    const asked = { ...small, uov_method: "Disabled", uov_input_image: `data:image/png;base64,${dot}` };
    const ids: string[] = [];
    for (const named of [undefined, names[1]]) {
      now.named = named;
      ids.push(JSON.parse(await posted(generate, asked, headers, moving)).task_id);
    }
    for (const listening of places)
      for (const named of names) {
        Object.assign(now, { listening, named });
        const base = named ?? `http://${host}`;
        for (const id of ids)
          for (const path of [`/tasks/${id}`, `/v1/generation/query-job?job_id=${id}`, `/tasks/${id}/events`])
            expect([path, bases(await got(path, headers, moving))]).toEqual([path, [base]]);
        expect(bases(await got("/tasks", headers, moving))).toEqual([base]);
        expect(bases(await got("/v1/history", headers, moving))).toEqual([base]);
      }
  } finally {
    await moving.close();
  }
});
