import { expect } from "bun:test";
import { pythonClient } from "../support/python-client.ts";
import { ScriptedEngine } from "../support/scripted-engine.ts";
import { serveBench } from "../support/served-bench.ts";

const client = await pythonClient("requests");

client.test("requests, at the main door: a key, a picture, an error, a stream and a cancel", async () => {
  const preview = Promise.withResolvers<void>();
  const cancel = Promise.withResolvers<void>();
  const engine: ScriptedEngine = new ScriptedEngine({
    beforeStep: ({ image, step }) => {
      // A stream that is read late leaves previews out, and what is cancelled late is finished.
      if (step === 2 && engine.jobs.at(-1)?.recipe.images[0]?.seed === 7n) return preview.promise;
      return image === 1 ? cancel.promise : undefined;
    },
  });
  await using bench = await serveBench({ engine, keys: ["secret"] });
  const seen = await client.run([bench.url, "secret"], (line) => {
    if (line["saw"] === "preview") preview.resolve();
    if (line["saw"] === "asked to end") cancel.resolve();
  });
  expect(seen.filter(({ saw }, at) => saw !== "preview" || seen[at - 1]?.["saw"] !== "preview")).toEqual([
    { saw: "no key", status: 403, body: { detail: "Forbidden" } },
    { saw: "picture", status: "finished", png: true },
    { saw: "error", status: 422, where: ["body", "image_number"] },
    { saw: "preview", start: "data:image/png;base64," },
    { saw: "stream", last: "Finished", pictures: 1 },
    { saw: "begun", status: "pending" },
    { saw: "asked to end", status: 200 },
    { saw: "cancelled", status: "stop", pictures: 1 },
  ]);
});
