import { Database } from "bun:sqlite";
import { existsSync, linkSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { openHistory } from "#/stores/history/sqlite.ts";

/** How many different pictures there are, each for many tasks as hard links, so that thousands are quickly there, and their sides. */
export type Motifs = Readonly<{ motifs: number; side: number }>;

const subjects = ["lighthouse", "harbour", "mountain", "forest", "market", "portrait", "kitchen", "station"];
const moods = ["at dusk", "in the rain", "from above", "in winter", "painted in oil", "as a linocut"];

/** A picture of soft colours with some grain, about as large as one that was drawn. */
async function motif(at: number, side: number): Promise<Uint8Array> {
  const colour = (shift: number): string => `hsl(${(at * 47 + shift) % 360} 55% ${35 + ((at * 13) % 30)}%)`;
  const drawing = `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}">
    <linearGradient id="g" x2="1" y2="1"><stop stop-color="${colour(0)}"/><stop offset="1" stop-color="${colour(90)}"/></linearGradient>
    <rect width="100%" height="100%" fill="url(#g)"/>
    <circle cx="${20 + ((at * 91) % 60)}%" cy="${20 + ((at * 57) % 60)}%" r="${12 + ((at * 31) % 20)}%" fill="${colour(200)}"/></svg>`;
  const noise = { type: "gaussian", mean: 128, sigma: 6 } as const;
  const grain = await sharp({ create: { width: side, height: side, channels: 3, noise, background: "grey" } })
    .png()
    .toBuffer();
  return await sharp(Buffer.from(drawing))
    .composite([{ input: grain, blend: "soft-light" }])
    .removeAlpha()
    .png()
    .toBuffer();
}

/**
 * Fills a folder of outputs with ended tasks of one picture each, and the history of them.
 *
 * @param outputs a folder that is not there yet
 */
export async function fillHistory(outputs: string, tasks: number, { motifs, side }: Motifs): Promise<void> {
  if (existsSync(outputs)) throw new Error(`${outputs} is there`);
  const day = "2026-11-01";
  mkdirSync(join(outputs, day), { recursive: true });
  const files: string[] = [];
  for (let at = 0; at < motifs; at += 1) {
    const path = join(outputs, `.motif-${at}.png`);
    writeFileSync(path, await motif(at, side));
    files.push(path);
  }
  // The tables are the store's own; the rows are written in one go, which a store that keeps each of them safe does not.
  await openHistory(join(outputs, "db.sqlite3")).close();
  const database = new Database(join(outputs, "db.sqlite3"));
  const record = database.query(
    `INSERT INTO generate_record (task_id, req_params, in_queue_mills, start_mills, finish_mills, task_status, progress, webhook_url, result)
     VALUES (?, ?, ?, ?, ?, 'finished', 100, '', ?)`,
  );
  const extra = database.query("INSERT INTO fooocusd_task (task_id, images) VALUES (?, ?)");
  const from = Date.parse(`${day}T00:00:00`);
  database.transaction(() => {
    for (let n = 0; n < tasks; n += 1) {
      const name = `${day}_${String(n).padStart(6, "0")}.png`;
      linkSync(files[n % motifs] ?? "", join(outputs, day, name));
      const id = n.toString(16).padStart(32, "0");
      const url = `http://127.0.0.1:7866/outputs/${day}/${name}`;
      record.run(
        id,
        JSON.stringify(requestOf(n, side)),
        from + n * 1000,
        from + n * 1000,
        from + n * 1000 + 900,
        JSON.stringify([url]),
      );
      const image = { index: 0, url, width: side, height: side, seed: String(n), timings: null };
      extra.run(id, JSON.stringify([image]));
    }
  })();
  database.close();
}

/** As long as a real one: 84 fields take some 4,000 characters. */
const requestOf = (n: number, side: number) => ({
  prompt: `a ${subjects[n % subjects.length]} ${moods[n % moods.length]}, number ${n}`,
  negative_prompt: "",
  style_selections: n % 3 === 0 ? ["Fooocus V2", "SAI Anime"] : ["Fooocus V2"],
  performance_selection: "Speed",
  aspect_ratios_selection: `${side}*${side}`,
  image_number: 1,
  image_seed: n,
  base_model_name: n % 5 === 0 ? "other.safetensors" : "fooocusd-demo.safetensors",
  unused: "x".repeat(3500),
});
