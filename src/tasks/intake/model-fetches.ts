import type { Catalog } from "#/catalog/catalog.ts";
import type { Downloadable } from "#/catalog/downloads.ts";
import type { Config } from "#/config/schema.ts";
import { inUnits } from "#/lib/in-units.ts";
import type { Log } from "#/lib/log.ts";
import type { Preset } from "#/recipe/preset.ts";
import { type PresetFile, presetFiles, sourceOf } from "#/recipe/preset-files.ts";
import type { Presets } from "#/recipe/read-presets.ts";
import { fetchFile, fileToFetch } from "./fetch-file.ts";

/** What files are fetched with. */
export type FetchParts = Presets &
  Readonly<{
    catalog: Catalog;
    config: Pick<Config, "always_download" | "hf_mirror">;
    log: Log;
  }>;

type Fetch = { there: number; total: number | undefined; failed: string | undefined };

/** Model files that presets name: where they are to be had, and, where the operator allows it, fetched behind the requests. */
export class ModelFetches {
  readonly #parts: FetchParts;
  readonly #fetches = new Map<string, Fetch>();
  readonly #closed = new AbortController();

  constructor(parts: FetchParts) {
    this.#parts = parts;
  }

  /** Where it is allowed, fetches what a preset names and is not there; an older version of its checkpoint will do. */
  start(preset: Preset, name: string): void {
    if (!this.#parts.config.always_download) return;
    const { catalog } = this.#parts;
    const checkpoints = catalog.names("checkpoints");
    const isOlderThere = (preset.previous_default_models ?? []).some((older) => checkpoints.includes(older));
    const missing = presetFiles(preset).filter(
      (file) =>
        catalog.path(file.folder, file.name) === undefined &&
        !(isOlderThere && file.name === preset.default_model),
    );
    for (const file of missing) {
      const source = this.#source(name, file);
      if (source !== undefined && !this.#isRunning(file.name)) void this.#fetch(source);
    }
  }

  /**
   * What can be done about a file of a preset that is not there, as the middle of a sentence. Where it may be fetched, that begins
   * here.
   */
  remedy(name: string, file: PresetFile): string {
    const source = this.#source(name, file);
    if (source === undefined) return "put it into its folder";
    const failed = this.#fetches.get(file.name)?.failed;
    this.start(this.#parts.presets.get(name) ?? {}, name);
    const running = this.#fetches.get(file.name);
    const size = source.bytes === undefined ? "" : ` (${inUnits(source.bytes)})`;
    if (running === undefined) return `fooocusd pull ${name} fetches it${size}`;
    if (failed !== undefined) return `fetching it failed and is tried again (${failed})`;
    const all = running.total === undefined ? "" : ` of ${inUnits(running.total)}`;
    return `it is being fetched (${inUnits(running.there)}${all} are there): ask again later`;
  }

  /** Ends what is on its way; the next start goes on there. */
  close(): void {
    this.#closed.abort();
  }

  #isRunning(name: string): boolean {
    const fetch = this.#fetches.get(name);
    return fetch !== undefined && fetch.failed === undefined;
  }

  #source(preset: string, file: PresetFile): Downloadable | undefined {
    return sourceOf(this.#parts.addresses.get(preset) ?? [], file);
  }

  async #fetch(file: Downloadable): Promise<void> {
    const { catalog, config, log } = this.#parts;
    const fetch: Fetch = { there: 0, total: file.bytes, failed: undefined };
    this.#fetches.set(file.name, fetch);
    log.info("fetching a model file that a preset names", { name: file.name, bytes: file.bytes });
    try {
      const to = fileToFetch(file, { models: catalog.roots, mirror: config.hf_mirror });
      await fetchFile(file, to, {
        progress: (there, total) => Object.assign(fetch, { there, total }),
        note: (sentence) => log.warn(sentence),
        signal: this.#closed.signal,
      });
      log.info("a model file is there", { name: file.name });
      this.#fetches.delete(file.name);
    } catch (thrown) {
      fetch.failed = (thrown instanceof Error ? thrown.message : String(thrown)).replace(/\.$/, "");
      if (!this.#closed.signal.aborted)
        log.error("a model file was not fetched", { name: file.name, reason: fetch.failed });
    }
  }
}
