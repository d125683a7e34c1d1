import { expect, test } from "bun:test";
import { complaintsOf, sentence } from "#/web/dashboard/complaint.ts";
import { localUrl } from "#/web/dashboard/local-url.ts";
import { parsePreview } from "#/web/dashboard/preview-frame.ts";
import { splitEvents } from "#/web/dashboard/split-events.ts";
import { parseJson, parseMessage } from "#/web/dashboard/wire.ts";

/** What a person reads of a refusal. */
const complaintsIn = (body: unknown, status: number) => sentence(complaintsOf(body, status));

/** A frame as the live channel's text describes it, byte by byte. */
function frame(header: object, image: readonly number[], version = 1): ArrayBuffer {
  const json = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + image.length);
  bytes.set([version, 1, 0, 0]);
  new DataView(bytes.buffer).setUint32(4, json.length, true);
  bytes.set(json, 8);
  bytes.set(image, 8 + json.length);
  return bytes.buffer;
}

test("a preview frame comes apart into task, kind and picture", () => {
  const read = parsePreview(frame({ task_id: "ab", mime: "image/webp" }, [1, 2, 3]));
  expect(read).toEqual({ taskId: "ab", mime: "image/webp", image: Uint8Array.from([1, 2, 3]) });
});

test.each([
  ["another version", frame({ task_id: "ab", mime: "image/webp" }, [1], 2)],
  ["no picture type", frame({ task_id: "ab", mime: "text/html" }, [1])],
  ["no task", frame({ mime: "image/webp" }, [1])],
  ["a header longer than the frame", Uint8Array.from([1, 1, 0, 0, 255, 0, 0, 0, 123]).buffer],
  ["too short", new ArrayBuffer(3)],
])("a frame with %s is no preview", (_, bytes) => {
  expect(parsePreview(bytes)).toBeUndefined();
});

test("a seed keeps all its digits", () => {
  expect(parseJson('{"image_seed":9223372036854775807,"steps":30}')).toEqual({
    image_seed: "9223372036854775807",
    steps: 30,
  });
});

test("what is no message is undefined", () => {
  expect(parseMessage("{")).toBeUndefined();
  expect(parseMessage('{"a":1}')).toBeUndefined();
  expect(parseMessage('{"type":"hello","seq":4}')).toEqual({ type: "hello", seq: 4 });
});

test("an event stream is cut at whole events, however it arrives", () => {
  const whole = 'retry: 2000\n\nid: 1\nevent: x\ndata: {"a":1}\n\n: ping\n\ndata: {"b":2}\r\n\r\nda';
  expect(splitEvents(whole)).toEqual({ data: ['{"a":1}', '{"b":2}'], rest: "da" });
});

test("results are fetched from where the page came from", () => {
  expect(localUrl("http://inner:7866/outputs/2026/a.png")).toBe("outputs/2026/a.png");
});

test("a refusal is told in the server's words, with the field", () => {
  expect(complaintsIn({ detail: "Forbidden" }, 403)).toBe("Forbidden");
  expect(complaintsIn({ detail: [{ loc: ["body", "image_number"], msg: "too many" }] }, 422)).toBe(
    "image_number: too many",
  );
  expect(complaintsIn(undefined, 502)).toBe("The server answered 502.");
});
