import { afterAll, describe, expect, test } from "bun:test";
import { type TSchema, TypeGuard } from "@sinclair/typebox";
import { CommonRequest } from "#/api/generate.ts";
import { liveClient } from "../support/live-client.ts";
import { serveBench } from "../support/served-bench.ts";

const bench = await serveBench({ config: { queue_limit: 10_000 } });
afterAll(() => bench.close());

const post = (path: string, body: BodyInit) => fetch(bench.url + path, { method: "POST", body });
const small = '"overwrite_step": 1, "overwrite_width": 64, "overwrite_height": 64';
const generate = (json: string) => post("/v1/engine/generate/", `{${small}, ${json}}`);

/** As they stand in JSON: half of a surrogate pair, its other half, a zero character, more bytes than any name may have. */
const oddTexts = ["a\\ud800b", "\\udc00", "a\\u0000b", "é".repeat(3000)];

describe("save_name", () => {
  test("half a surrogate failed the task after its picture was made", async () => {
    for (const name of oddTexts) {
      const answer = await generate(`"style_selections": [], "save_name": "${name}"`);
      expect([name, answer.status]).toEqual([name, 422]);
      expect((await answer.json()).detail[0].loc).toEqual(["body", "save_name"]);
    }
  });

  test("the longest name there is made a file that could not be fetched", async () => {
    for (const name of ["é".repeat(100), "x".repeat(200)]) {
      const answer = await generate(`"style_selections": [], "image_number": 2, "save_name": "${name}"`);
      const { result, task_id } = await answer.json();
      for (const url of result) expect((await fetch(url)).status).toBe(200);
      const gone = await fetch(`${bench.url}/tasks/${task_id}`, { method: "DELETE" });
      expect(await gone.json()).toEqual({ tasks: 1, images: 2 });
    }
    expect((await generate(`"save_name": "${"x".repeat(201)}"`)).status).toBe(422);
  });
});

/** A request with a value at every place of a schema that takes texts, or whole numbers. */
function* placesOf(schema: TSchema, kind: "text" | "whole", value: string): Generator<string> {
  if (TypeGuard.IsUnion(schema)) yield* placesOf(schema.anyOf[0] ?? schema, kind, value);
  else if (TypeGuard.IsArray(schema))
    for (const item of placesOf(schema.items, kind, value)) yield `[${item}]`;
  else if (TypeGuard.IsObject(schema)) {
    for (const [name, property] of Object.entries<TSchema>(schema.properties))
      for (const item of placesOf(property, kind, value)) {
        const others = (Array.isArray(schema.requiredKeys) ? schema.requiredKeys.map(String) : [])
          .filter((key) => key !== name)
          .map((key) => `, "${key}": ${JSON.stringify(schema.properties[key]?.default)}`);
        yield `{"${name}": ${item}${others.join("")}}`;
      }
  } else if (
    kind === "text" ? schema.type === "string" && schema.enum === undefined : schema.type === "integer"
  )
    yield kind === "text" ? `"${value}"` : value;
}

for (const [field, schema] of Object.entries<TSchema>(CommonRequest.properties)) {
  test(`${field}: an odd text or a number beyond all numbers is drawn or refused, never a 500`, async () => {
    const bodies = [
      ...oddTexts.flatMap((value) => [...placesOf(schema, "text", value)]),
      ...[`-${"9".repeat(400)}`, "9".repeat(400)].flatMap((value) => [...placesOf(schema, "whole", value)]),
    ];
    for (const format of ["png", "jpeg"]) {
      for (const body of bodies) {
        const own = field === "output_format" ? "" : `"output_format": "${format}", `;
        const styles = field === "style_selections" ? "" : '"style_selections": [], ';
        const answer = await generate(`${own}${styles}"metadata_scheme": "a1111", "${field}": ${body}`);
        const text = await answer.text();
        expect([200, 204, 422]).toContain(answer.status);
        if (answer.status !== 200 || !text.startsWith("{")) continue;
        const { result, task_id } = JSON.parse(text);
        expect([result.length, (await fetch(result[0])).status]).toEqual([1, 200]);
        expect((await fetch(`${bench.url}/tasks/${task_id}`)).status).toBe(200);
      }
    }
  }, 300_000);
}

test("a number of 5,000 digits in a form's JSON was a 500", async () => {
  const digits = "9".repeat(5000);
  const form = (fields: Record<string, string>) => {
    const made = new FormData();
    for (const [name, value] of Object.entries(fields)) made.set(name, value);
    return post("/v1/generation/image-prompt", made);
  };
  const loras = await form({ loras: `[{"model_name": "a", "weight": ${digits}}]` });
  const { detail } = await loras.json();
  expect([loras.status, detail[0].type, detail[0].loc]).toEqual([422, "json_invalid", ["body", "loras"]]);
  expect(detail[0].msg).toContain("4300 digits");
  for (const name of ["image_number", "image_seed", "sharpness", "guidance_scale"])
    expect([name, (await form({ [name]: digits })).status]).toEqual([name, 422]);
  // The legacy API reads what it cannot as the defaults here.
  for (const text of [digits, `{"adaptive_cfg": ${digits}}`])
    expect((await form({ advanced_params: text, overwrite_step: "1" })).status).toBe(200);
});

test("a number of 5,000 digits on the live channel is told of as a bad message", async () => {
  const client = await liveClient(bench.url);
  client.say(`{"type": "ping", "id": ${"9".repeat(5000)}}`);
  const told = await client.until(({ type }) => type === "error");
  expect(told).toMatchObject({ code: "bad-message", message: expect.stringContaining("4300 digits") });
  for (const [i, text] of oddTexts.slice(0, 3).entries()) {
    client.say(
      `{"type": "generate", "id": ${i}, "label": "${text}", "request": {${small}, "style_selections": []}}`,
    );
    const accepted = await client.until(({ id }) => id === i);
    expect(accepted.type).toBe("accepted");
  }
  client.close();
});

test("odd names in addresses are nothing that is there", async () => {
  const rows: readonly (readonly [string, number])[] = [
    ["/outputs/%00/a.png", 404],
    ["/outputs/2026-01-01/%ED%A0%80.png", 404],
    [`/outputs/2026-01-01/${"é".repeat(2000)}.png`, 404],
    ["/inputs/a%00.png", 404],
    ["/tasks/%00/events", 404],
    ["/v1/generation/query-job?job_id=%00", 404],
    ["/tasks?start_at=%ED%A0%80", 422],
    ["/tasks?page=" + "9".repeat(5000), 422],
    ["/tasks?wait=" + "9".repeat(400), 200],
  ];
  for (const [path, status] of rows)
    expect([path.slice(0, 60), (await fetch(bench.url + path)).status]).toEqual([path.slice(0, 60), status]);
});

test("a text that can be no task's id is answered as a task that is not there", async () => {
  const absent = "0".repeat(32);
  const asked = async (method: string, path: string, id: string) => {
    const answer = await fetch(bench.url + path.replace("ID", encodeURIComponent(id)), { method });
    return [answer.status, (await answer.text()).replaceAll(id, "ID")];
  };
  const ways = [
    ["GET", "/tasks/ID"],
    ["GET", "/tasks/ID?wait=1"],
    ["GET", "/tasks/ID/events"],
    ["POST", "/tasks/ID/cancel"],
    ["DELETE", "/tasks/ID"],
    ["POST", "/v1/engine/control?action=stop&task_id=ID"],
    ["GET", "/v1/generation/query-job?job_id=ID"],
    ["GET", "/v1/generation/job-history?job_id=ID"],
    ["GET", "/v1/generation/job-history?job_id=ID&delete=true"],
  ] as const;
  for (const [method, path] of ways) {
    const unknown = await asked(method, path, absent);
    for (const id of ["nobody", "A".repeat(32), "g".repeat(32), `${absent}0`])
      expect([path, id, await asked(method, path, id)]).toEqual([path, id, unknown]);
  }
});
