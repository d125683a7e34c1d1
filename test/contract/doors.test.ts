import { expect, test } from "bun:test";
import { Elysia } from "elysia";
import { RequestError } from "#/lib/errors.ts";
import type { FrontDoor } from "#/routes/door.ts";
import { jsonBody } from "#/routes/http/json-body.ts";
import { jsonReply } from "#/routes/http/replies.ts";
import { openHistory } from "#/stores/history/sqlite.ts";
import { serveBench, soon } from "../support/served-bench.ts";
import { benchDoors, openBench, small } from "../support/task-bench.ts";

/** A third API, otherwise than the others in everything that a door may decide. */
const odd: FrontDoor = {
  name: "odd",
  unknownNames: "replaced",
  fileStem: ({ door }) => `odd-${door.word}`,
  webhookBody: ({ door }) => JSON.stringify({ odd: door.word }),
  tags: [{ name: "Odd", description: "Otherwise" }],
  keysOf: (request) => new URL(request.url).searchParams.getAll("key"),
  paths: { open: ["/odd/hello"] },
  refusalBody: (refusal) => {
    switch (refusal.type) {
      case "problems":
        return { oops: refusal.problems.map(({ msg }) => msg) };
      case "sentence":
        return { oops: refusal.sentence };
      case "unexpected":
        return "oops";
    }
  },
  refusalStatus: (refusal, usual) => (refusal.type === "sentence" && refusal.about === "key" ? 418 : usual),
  routes: ({ tasks }) =>
    new Elysia({ name: "doors/odd" })
      .get("/odd/hello", () => jsonReply("hello"))
      .get("/odd/refusal", () => {
        throw new RequestError("conflict", "No.");
      })
      .get("/odd/fault", () => {
        throw new Error("a fault of ours");
      })
      .use(
        new Elysia().use(jsonBody()).post(
          "/odd/draw",
          async ({ json }) => {
            const door = { name: "odd", word: JSON.stringify(json).replaceAll(/\W/g, "") };
            const { id } = await tasks.submit({ ...small, base_model_name: "nobody's" }, { door });
            return jsonReply({ id });
          },
          { parse: "none", detail: { tags: ["Odd"], operationId: "odd_draw" } },
        ),
      ),
};
const [main, ...others] = benchDoors();
const doors = [main, ...others, odd] as const;

test("a door words what is refused at its routes, before they are reached too, and has the key where it likes", async () => {
  await using bench = await serveBench({ doors, keys: ["secret"] });
  const ask = async (path: string, init: RequestInit = {}) => {
    const answer = await fetch(bench.url + path, init);
    return [answer.status, await answer.text()];
  };
  const post = (body: string) => ({ method: "POST", body });
  expect(await ask("/odd/hello")).toEqual([200, '"hello"']);
  expect(await ask("/odd/draw")).toEqual([405, '{"oops":"Method Not Allowed"}']);
  expect(await ask("/odd/draw", post("{}"))).toEqual([418, '{"oops":"Forbidden"}']);
  expect(await ask("/odd/draw", { ...post("{}"), headers: { "x-api-key": "secret" } })).toEqual([
    418,
    '{"oops":"Forbidden"}',
  ]);
  expect(await ask("/odd/draw?key=secret", post("{"))).toEqual([422, '{"oops":["JSON decode error"]}']);
  expect(await ask("/odd/draw?key=guess", post("x".repeat(100_000)))).toEqual([418, '{"oops":"Forbidden"}']);
  expect(await ask("/odd/refusal?key=secret")).toEqual([409, '{"oops":"No."}']);
  expect(await ask("/odd/fault?key=secret")).toEqual([500, "oops"]);
  expect(await ask("/odd/nowhere")).toEqual([404, '{"detail":"Not Found"}']);
  expect(await ask("/tasks?key=secret")).toEqual([403, '{"detail":"Forbidden"}']);
  const document = await (await fetch(`${bench.url}/openapi.json`)).json();
  expect(document.tags.at(-1)).toEqual(odd.tags[0]);
  expect(document.paths["/odd/draw"].post.operationId).toBe("odd_draw");
});

test("a task keeps its door's name and word, and the door reads it: names, files, webhook", async () => {
  const bodies: unknown[] = [];
  await using hook = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      bodies.push(await request.json());
      return new Response("");
    },
  });
  await using bench = await serveBench({ doors, config: { webhook_url: `http://127.0.0.1:${hook.port}/` } });
  const sent = await fetch(`${bench.url}/odd/draw`, { method: "POST", body: '{"a":7}' });
  const { id } = await sent.json();
  const record = await (await fetch(`${bench.url}/tasks/${id}?wait=60`)).json();
  expect([record.task_status, record.result.map((url: string) => url.replace(/.*\//, ""))]).toEqual([
    "finished",
    ["odd-a7-0.png"],
  ]);
  expect(record.warnings.join(" ")).toContain("base_model_name: nobody's");
  expect(await soon(() => bodies.length > 0)).toBe(true);
  expect(bodies).toEqual([{ odd: "a7" }]);
  expect((await bench.tasks.find(id))?.door).toEqual({ name: "odd", word: "a7" });
});

test("a waiting task of a door that is no longer there is the main door's", async () => {
  const first = await openBench({ doors });
  await first.tasks.pause(true);
  const { id } = await first.tasks.submit(small, { door: { name: "odd", word: "w" } });
  first.crash();
  const history = openHistory(`${first.folder}/outputs/db.sqlite3`);
  await history.setCounter("paused", 0);
  await history.close();
  const second = await openBench({ folder: first.folder });
  const task = await second.tasks.settled(id, AbortSignal.timeout(120_000));
  const images = task?.state.status === "settled" ? task.state.images : [];
  expect([task?.door, images.map(({ url }) => url.replace(/.*\//, ""))]).toEqual([
    { name: "odd", word: "w" },
    [expect.stringMatching(/^\d{4}-\d\d-\d\d.*\.png$/)],
  ]);
  await second.close();
});

test("doors have names of their own, and the main one's is what a history means that says nothing", () => {
  const names = benchDoors().map(({ name }) => name);
  expect([new Set(names).size, names[0]]).toEqual([names.length, "fooocus-api"]);
});
