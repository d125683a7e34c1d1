import { afterAll, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { CommonRequest } from "#/api/generate.ts";
import { InvalidRequest } from "#/api/issues.ts";
import { parseJson } from "#/api/json.ts";
import { readBody } from "#/api/read.ts";
import { bodyOf, OversizedBody } from "#/routes/http/body-limit.ts";
import { liveClient } from "../support/live-client.ts";
import { serveBench } from "../support/served-bench.ts";

const open = await serveBench({ config: { queue_limit: 10_000 } });
const keyed = await serveBench({ keys: ["secret"] });
await open.tasks.pause(true);
afterAll(async () => {
  await open.close();
  await keyed.close();
});

const generate = "/v1/engine/generate/";
const paths = [
  generate,
  "/v1/tools/read-metadata",
  "/v1/tools/generate_mask",
  "/v2/generation/text-to-image-with-ip",
];

/** The status of a request of which only the headers are ever sent: who waits for the body does not answer. */
const statusOfHeaders = (url: string, path: string, headers: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname, () =>
      socket.write(
        `POST ${path} HTTP/1.1\r\nHost: ${hostname}\r\nContent-Type: application/json\r\n${headers}\r\n\r\n`,
      ),
    );
    socket.setTimeout(20_000, () => {
      socket.destroy();
      resolve(0);
    });
    socket.on("error", reject);
    socket.on("data", (data) => {
      socket.destroy();
      resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(data.toString())?.[1]));
    });
  });

describe("20 MB of [[],… stopped everybody for 4.4 s, without a key", () => {
  for (const path of paths) {
    test(`${path}: a large body is refused for its key before it is read`, async () => {
      expect(await statusOfHeaders(keyed.url, path, "Content-Length: 20000000")).toBe(403);
      expect(await statusOfHeaders(keyed.url, path, "Content-Length: 200000000")).toBe(403);
      expect(await statusOfHeaders(keyed.url, path, "Transfer-Encoding: chunked")).toBe(403);
    });
  }

  test("of a small one its syntax is told first, as the contract has it", async () => {
    const send = async (body: string) =>
      (await fetch(`${keyed.url}${generate}`, { method: "POST", body })).status;
    expect([await send("{"), await send("{}")]).toEqual([422, 403]);
  });

  test("with a key no more than 100,000 values are read", async () => {
    const body = `[${"[],".repeat(7_000_000)}`;
    const answer = await fetch(`${open.url}${generate}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
    expect(answer.status).toBe(422);
    const { detail } = await answer.json();
    expect(detail[0].ctx.error).toBe("Too many values (100000 is the limit)");
    // Where reading stopped: 99,999 lists within one.
    expect(detail[0].loc).toEqual(["body", 1 + 3 * 99_999]);
  });
});

test("a chunked body says no length: it is counted while it comes, and no more of it is taken", async () => {
  let sent = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      sent += 1;
      controller.enqueue(new Uint8Array(1000));
    },
  });
  const request = new Request("http://here/", { method: "POST", body: endless });
  await expect(bodyOf(request, 10_000)).rejects.toThrow(OversizedBody);
  expect(sent).toBeLessThan(20);
  const small = new Request("http://here/", { method: "POST", body: new Response("abc").body ?? "" });
  expect(new TextDecoder().decode(await bodyOf(small))).toBe("abc");
});

test("a chunked body is taken as one with a length is", async () => {
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => {
      for (const part of ['{"async_process":', ' true, "style_selections": []}'])
        controller.enqueue(new TextEncoder().encode(part));
      controller.close();
    },
  });
  expect((await fetch(`${open.url}${generate}`, { method: "POST", body: stream })).status).toBe(200);
});

describe("a list of 50,000 items was walked whole", () => {
  test("where a field takes fifty, none of them is looked at", () => {
    let looks = 0;
    const item = {
      get enabled(): boolean {
        looks += 1;
        return true;
      },
      model_name: "a",
    };
    const issues = (length: number) => {
      try {
        readBody(CommonRequest, { loras: Array.from({ length }, () => item) });
        return [];
      } catch (thrown) {
        if (thrown instanceof InvalidRequest) return thrown.issues;
        throw thrown;
      }
    };
    expect(issues(50)).toEqual([]);
    expect(looks).toBeGreaterThan(0);
    looks = 0;
    const [issue, ...others] = issues(50_000);
    expect(others).toEqual([]);
    expect(issue).toMatchObject({
      type: "too_long",
      loc: ["body", "loras"],
      msg: "List should have at most 50 items after validation, not 50000",
      ctx: { field_type: "List", max_length: 50, actual_length: 50_000 },
    });
    // The echo shows some of them.
    expect(looks).toBeLessThanOrEqual(400);
  });
});

describe("an error answer was up to 56 times its request", () => {
  const send = async (path: string, body: string, type = "application/json") => {
    const answer = await fetch(`${open.url}${path}`, {
      method: "POST",
      headers: { "content-type": type },
      body,
    });
    return { status: answer.status, text: await answer.text() };
  };
  const many = (count: number, item: string): string =>
    `[${Array.from({ length: count }, () => item).join()}]`;
  const bodies: Readonly<Record<string, string>> = {
    "slots without their fields": `{"loras":${many(50, "{}")},"controlnet_image":${many(16, "1")},"enhance_ctrls":${many(16, "7")}}`,
    "names that are none": `{"style_selections":${many(500, "1")}}`,
    "slots that hold much beside what they lack": `{"loras":${many(50, `{"x":${many(150, '"yyyyyyyyyy"')}}`)}}`,
    "a list instead of an object": many(50_000, "1"),
    "texts just below the bound": `{"loras":${many(5, `{"x":${many(150, `"${"y".repeat(1900)}"`)}}`)}}`,
    "a name of an object": `{"loras":[{"${"y".repeat(1_000_000)}":1}]}`,
    "a number": `{"image_number": "${"1".repeat(4000)}x"}`,
    "no JSON": `{"prompt": ${"x".repeat(100_000)}`,
  };
  for (const [what, body] of Object.entries(bodies)) {
    for (const path of [generate, "/v2/generation/text-to-image-with-ip"]) {
      test(`${path}: ${what}`, async () => {
        const { status, text } = await send(path, body);
        expect(status).toBe(422);
        expect(text.length).toBeLessThan(64 * 1024);
        expect(() => parseJson(text)).not.toThrow();
      });
    }
  }

  test("a hundred problems are told, and no more", async () => {
    const { text } = await send(generate, bodies["names that are none"] ?? "");
    expect(JSON.parse(text).detail).toHaveLength(100);
  });

  test("names of models and sizes that are megabytes", async () => {
    const long = "n".repeat(1_000_000);
    for (const field of [
      "base_model_name",
      "sampler_name",
      "aspect_ratios_selection",
      "output_format",
      "save_name",
      "preset",
    ]) {
      const { status, text } = await send(generate, JSON.stringify({ style_selections: [], [field]: long }));
      expect([field, status]).toEqual([field, 422]);
      expect([field, text.length < 8000]).toEqual([field, true]);
    }
  });

  test("a form of 100,000 parts", async () => {
    const part = '--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n';
    const form = await send(
      "/v1/generation/image-prompt",
      `${part.repeat(100_000)}--b--\r\n`,
      "multipart/form-data; boundary=b",
    );
    expect(form).toEqual({
      status: 400,
      text: '{"detail":"Too many fields. Maximum number of fields is 1000."}',
    });
    const fields = await send(
      "/v1/generation/image-prompt",
      "a=1&".repeat(2000),
      "application/x-www-form-urlencoded",
    );
    expect(fields.status).toBe(400);
  });
});

test("a number of 5,000 digits in a form was a 500", async () => {
  const form = new FormData();
  form.set("loras", `[{"enabled": true, "model_name": "a", "weight": ${"9".repeat(5000)}}]`);
  form.set("advanced_params", `{"overwrite_step": ${"9".repeat(5000)}}`);
  const answer = await fetch(`${open.url}/v1/generation/image-prompt`, { method: "POST", body: form });
  expect(answer.status).toBe(422);
  expect((await answer.json()).detail[0]).toMatchObject({
    type: "json_invalid",
    loc: ["body", "loras"],
    msg: "Invalid JSON: A whole number has more than 4300 digits",
  });
  const live = await liveClient(open.url);
  live.say(`{"type": "ping", "id": ${"9".repeat(5000)}}`);
  expect(await live.until(({ type }) => type === "error")).toMatchObject({ code: "bad-message" });
  live.close();
});

test("JSON is read as the runtime reads it, whatever it is made of", () => {
  let state = 5;
  const roll = (end: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % end;
  };
  const parts = [
    '"',
    "\\",
    "\\u",
    "0041",
    "n",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "1",
    "-",
    ".5",
    "e3",
    "true",
    "null",
    " ",
    "\n",
    "a",
    "😀",
    "\u0001",
    '"a"',
    "\\u00e9",
    '\\"',
  ];
  const outcome = (read: () => unknown): string => {
    try {
      return JSON.stringify(read());
    } catch {
      return "refused";
    }
  };
  for (let i = 0; i < 50_000; i += 1) {
    const text = Array.from({ length: 1 + roll(10) }, () => parts[roll(parts.length)]).join("");
    const [ours, theirs] = [outcome(() => parseJson(text)), outcome(() => JSON.parse(text))];
    if (ours !== theirs) expect([text, ours]).toEqual([text, theirs]);
  }
});
