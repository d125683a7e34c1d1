import { expect, test } from "bun:test";
import { legacyDescribe } from "#/doors/legacy/describe.ts";
import { RequestError } from "#/lib/errors.ts";
import { silentLog } from "#/lib/log.ts";
import { isMultipart } from "#/routes/http/form.ts";

const url = "http://localhost/v1/tools/describe-image";
const withFile = (query = "", bytes = new Uint8Array([137, 80, 78, 71])): Request => {
  const form = new FormData();
  form.set("image", new File([bytes], "cat.png"));
  return new Request(`${url}${query}`, { method: "POST", body: form });
};
const describeAs = (request: Request) =>
  legacyDescribe(request, silentLog, ({ image, image_type }) =>
    Response.json({ describe: `${image_type} ${image}` }),
  );

test("the legacy describe-image is told by its content type", () => {
  expect(isMultipart(withFile())).toBe(true);
  const json = { method: "POST", body: "{}", headers: { "content-type": "application/json" } };
  expect([isMultipart(new Request(url, json)), isMultipart(new Request(url))]).toEqual([false, false]);
});

test("its form becomes the newer API's words: a data URI, and the kind from the query", async () => {
  expect(await (await describeAs(withFile("?image_type=Anime"))).json()).toEqual({
    describe: "Anime data:image;base64,iVBORw==",
  });
  expect(await (await describeAs(withFile())).json()).toMatchObject({
    describe: expect.stringMatching(/^Photo /),
  });
});

test("what is wrong is said as the legacy API says it, the describer's own refusal included", async () => {
  const empty = await describeAs(new Request(url, { method: "POST", body: new FormData() }));
  expect([empty.status, await empty.json()]).toEqual([
    422,
    { detail: [{ type: "missing", loc: ["body", "image"], msg: "Field required", input: null }], body: {} },
  ]);
  const kind = await (await describeAs(withFile("?image_type=Sketch"))).json();
  expect(kind).toMatchObject({ detail: [{ type: "enum", loc: ["query", "image_type"] }] });
  const refused = await legacyDescribe(withFile(), silentLog, () => {
    throw new RequestError("missing-model", "No captioner is here.", { field: "image" });
  });
  expect(await refused.json()).toMatchObject({
    detail: [{ type: "value_error", loc: ["body", "image"], msg: "No captioner is here." }],
    body: { image: "<file cat.png>" },
  });
});
