import { afterAll, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, renameSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { readMetadata } from "#/stores/metadata/read.ts";
import { goldenPath } from "../support/golden.ts";
import { gpt2Shapes, gpt2Tiny } from "../support/gpt2-layout.ts";
import { readEvents } from "../support/read-events.ts";
import { sdxlTiny } from "../support/sdxl-layout.ts";
import { serveBench } from "../support/served-bench.ts";
import { benchFolder } from "../support/task-bench.ts";
import { writeShapes, writeTinyVae } from "../support/tiny-models.ts";

/** Prompt expansion and textual inversion as clients see them; what is drawn is `test/golden/prompting.test.ts`. */
const folder = benchFolder();
const expansion = join(folder, "models/prompt_expansion/fooocus_expansion");
const embeddings = join(folder, "models/embeddings");
for (const path of [expansion, join(embeddings, "sub")]) mkdirSync(path, { recursive: true });
writeShapes(join(expansion, "pytorch_model.bin"), gpt2Shapes(gpt2Tiny));
for (const name of ["merges.txt", "positive.txt"])
  copyFileSync(goldenPath(`expansion/${name}`), join(expansion, name));
const widths = { l: sdxlTiny.textL.width, g: sdxlTiny.textG.width };
writeShapes(
  join(embeddings, "sub/both.pt"),
  new Map([
    ["clip_l", [2, widths.l]],
    ["clip_g", [2, widths.g]],
  ]),
);
writeShapes(join(embeddings, "half.safetensors"), new Map([["clip_g", [8, widths.g]]]));
writeShapes(join(embeddings, "other.safetensors"), new Map([["emb_params", [20, 24]]]));
const assets = { styles: [{ name: "Wrap", prompt: "photo of {prompt}", negative_prompt: "" }] };
const bench = await serveBench({ folder, assets });
afterAll(() => bench.close());

const small = {
  aspect_ratios_selection: "64*64",
  overwrite_step: 4,
  style_selections: ["Wrap", "Fooocus V2"],
};
const post = (body: unknown) =>
  fetch(`${bench.url}/v1/engine/generate/`, {
    method: "POST",
    body: JSON.stringify({ ...small, ...Object(body) }),
  });
const recordOf = async (body: unknown) => (await post(body)).json();

test("a picture says what its prompt was expanded to, and the record warns of nothing", async () => {
  const record = await recordOf({ prompt: "a cat", save_metadata_to_images: true });
  expect(Object.keys(record)).not.toContain("warnings");
  const bytes = await (await fetch(record.result[0])).bytes();
  const { values, facts } = (await readMetadata(bytes))!;
  expect(values).toMatchObject({
    prompt_expansion: "a cat, and more",
    full_prompt: ["photo of a cat", "a cat, and more"],
    styles: "['Fooocus V2', 'Wrap']",
  });
  expect(facts.styles).toEqual(["Fooocus V2", "Wrap"]);
});

test("expansion is one more moment, and the preparation counts one more", async () => {
  const { task_id } = await recordOf({ prompt: "a cat", image_number: 2 });
  const told: string[] = [];
  for await (const { event, data } of readEvents(await fetch(`${bench.url}/tasks/${task_id}/events`)))
    if (event === "progress") told.push(`${String(data["progress"])} ${String(data["message"])}`);
  const from = told.indexOf("2 Loading models ...");
  expect(told.slice(from, from + 10)).toEqual([
    "2 Loading models ...",
    "3 Processing prompts ...",
    "4 Preparing Fooocus text #1 ...",
    "4 Preparing Fooocus text #2 ...",
    "5 Encoding positive #1 ...",
    "5 Encoding positive #2 ...",
    "6 Encoding negative #1 ...",
    "6 Encoding negative #2 ...",
    "6 Moving model to GPU ...",
    "6 Preparing task 1/2 ...",
  ]);
  expect(told).toContain("17 Sampling step 1/4, image 1/2 ...");
});

test("where a file of expansion is missing the record says which", async () => {
  const merges = join(expansion, "merges.txt");
  renameSync(merges, `${merges}.away`);
  const { warnings } = await recordOf({ prompt: "a cat" });
  expect(warnings).toEqual([
    "The style Fooocus V2 (prompt expansion) was left out: merges.txt is not there in models/prompt_expansion/fooocus_expansion.",
  ]);
  renameSync(`${merges}.away`, merges);
});

test("a language model that is none refuses the request by its style", async () => {
  const path = join(expansion, "pytorch_model.bin");
  renameSync(path, `${path}.away`);
  writeTinyVae(path);
  const answer = await post({ prompt: "a cat" });
  expect(answer.status).toBe(422);
  const [issue] = (await answer.json()).detail;
  expect(issue.loc).toEqual(["body", "style_selections"]);
  expect(issue.msg).toContain("is not the GPT-2 of prompt expansion");
  unlinkSync(path);
  renameSync(`${path}.away`, path);
});

test("a textual inversion is taken by name; one for one encoder is told, one for another model refused", async () => {
  const plain = { style_selections: [] };
  const both = await recordOf({ ...plain, prompt: "a cat, (embedding:both:1.2), embedding:sub/both.pt" });
  expect([both.task_status, Object.keys(both).includes("warnings")]).toEqual(["finished", false]);
  const { warnings } = await recordOf({ ...plain, negative_prompt: "embedding:half" });
  expect(warnings).toEqual([
    "half.safetensors has vectors for text encoder G alone; encoder L is told nothing in their place.",
  ]);
  const refused = await post({ ...plain, prompt: "embedding:other" });
  expect(refused.status).toBe(422);
  const [issue] = (await refused.json()).detail;
  expect(issue.loc).toEqual(["body", "prompt"]);
  expect(issue.msg).toEndWith("Take embedding:other out of prompt, or name another.");
  const missing = await post({ ...plain, prompt: "embedding:bath" });
  expect(missing.status).toBe(422);
  expect((await missing.json()).detail[0].msg).toContain("similar: sub/both.pt");
});
