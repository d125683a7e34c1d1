import { Database } from "bun:sqlite";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { pngChunk } from "#/image/png-text.ts";

const demo = join(import.meta.dir, "../../models/checkpoints");

/** Writes files below a folder, which is made. */
export function writeFiles(root: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
}

/** A plain PNG, with the texts that Fooocus writes into its own where it is asked to. */
export async function oldPng(red: number, texts: Readonly<Record<string, string>> = {}): Promise<Uint8Array> {
  const background = { r: red, g: 20, b: 30 };
  const png = await sharp({ create: { width: 64, height: 48, channels: 3, background } })
    .png()
    .toBuffer();
  const end = png.length - 12;
  const chunks = Object.entries(texts).map(([key, text]) => pngChunk("tEXt", Buffer.from(`${key}\0${text}`)));
  return Buffer.concat([png.subarray(0, end), ...chunks, png.subarray(end)]);
}

/** What Fooocus' log says of a picture, under the names of its metadata. */
export const oldFacts = (prompt: string, seed: string) => ({
  prompt,
  negative_prompt: "",
  prompt_expansion: "",
  styles: "['Old Style']",
  performance: "Speed",
  steps: 30,
  resolution: "(1152, 896)",
  guidance_scale: 4,
  sharpness: 2,
  adm_guidance: "(1.5, 0.8, 0.3)",
  base_model: "old.safetensors",
  refiner_model: "None",
  refiner_switch: 0.5,
  sampler: "dpmpp_2m_sde_gpu",
  scheduler: "karras",
  vae: "Default (model)",
  seed,
  lora_combined_1: "old-lora.safetensors : 0.5",
  metadata_scheme: false,
  version: "Fooocus v2.5.5",
});

/** An entry of a log as Fooocus since 2.2 writes it. */
export const logEntry = (name: string, facts: Readonly<Record<string, unknown>>): string =>
  `<div id="${name.replace(".", "_")}" class="image-container"><hr><table><tr>\n<td><a href="${name}" target="_blank"><img src='${name}' loading='lazy'/></a><div>${name}</div></td><td><table class='metadata'></table></br><button onclick="to_clipboard('${encodeURIComponent(
    JSON.stringify(facts),
  ).replaceAll("'", "%27")}')">Copy to Clipboard</button></td></tr></table></div>\n\n`;

/** A log as Fooocus writes it. */
export const logOf = (entries: readonly string[]): string =>
  `<!DOCTYPE html><html><body><!--fooocus-log-split-->\n\n${entries.join("")}\n<!--fooocus-log-split--></body></html>`;

/** A row for {@link writeOldDatabase}. */
export type OldRow = Readonly<{
  task_id: string;
  prompt: string;
  at: number;
  result: readonly string[] | null;
  status?: string | null;
  more?: Readonly<Record<string, unknown>>;
}>;

/** A database as SQLAlchemy makes it of FooocusAPI's table. */
export function writeOldDatabase(path: string, rows: readonly OldRow[]): void {
  mkdirSync(dirname(path), { recursive: true });
  const database = new Database(path, { create: true });
  database.run(`CREATE TABLE generate_record (
\tid INTEGER NOT NULL, 
\ttask_id VARCHAR(255) NOT NULL, 
\treq_params JSON NOT NULL, 
\tin_queue_mills INTEGER, 
\tstart_mills INTEGER, 
\tfinish_mills INTEGER, 
\ttask_status VARCHAR(255), 
\tprogress FLOAT, 
\twebhook_url VARCHAR(255), 
\tresult JSON, 
\tPRIMARY KEY (id)
)`);
  database.run("CREATE INDEX ix_generate_record_id ON generate_record (id)");
  const insert = database.query(
    "INSERT INTO generate_record (task_id, req_params, in_queue_mills, start_mills, finish_mills, task_status, progress, webhook_url, result) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
  );
  for (const { task_id, prompt, at, result, status = "finished", more } of rows) {
    const request = JSON.stringify({ prompt, negative_prompt: "", image_seed: 7, loras: [], ...more });
    const ended = status === null ? [null, null, null, null] : [at + 10, at + 900, status, 100];
    const kept = result === null ? null : JSON.stringify(result);
    insert.run(task_id, request, at, ...ended, "", kept);
  }
  database.close();
}

/** The demo's checkpoint under another name, in a folder of models. */
export function linkDemo(models: string, name: string): void {
  mkdirSync(join(models, "checkpoints"), { recursive: true });
  for (const end of ["safetensors", "json"])
    symlinkSync(join(demo, `fooocusd-demo.${end}`), join(models, "checkpoints", `${name}.${end}`));
}

/** All that is in a folder and when it was written, so that it can be said that nothing of it changed. */
export function stateOf(root: string): readonly string[] {
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .toSorted()
    .map((path) => {
      const stats = statSync(join(root, path));
      const hash =
        stats.isFile() && stats.size < 1e6
          ? createHash("sha256")
              .update(readFileSync(join(root, path)))
              .digest("hex")
          : "";
      return `${path} ${stats.size} ${stats.mtimeMs} ${hash}`;
    });
}
