import type { ModelFile } from "#/fleet/jobs.ts";
import type { Roll } from "#/fleet/roll.ts";
import type { Log } from "#/lib/log.ts";

/** Milliseconds between two looks through all folders of models: they may be large, and behind a network. */
const every = 15_000;

/** The model files of a worker, as the fleet was told of them; files come and go while it runs. */
export class ToldFiles {
  readonly #roll: Pick<Roll, "keepModels">;
  readonly #look: () => readonly ModelFile[];
  readonly #log: Pick<Log, "debug">;
  #digest = "";
  #timer: ReturnType<typeof setInterval> | undefined;

  private constructor(
    roll: Pick<Roll, "keepModels">,
    look: () => readonly ModelFile[],
    log: Pick<Log, "debug">,
  ) {
    this.#roll = roll;
    this.#look = look;
    this.#log = log;
  }

  /** Tells of them now and from time to time. */
  static async begin(
    roll: Pick<Roll, "keepModels">,
    look: () => readonly ModelFile[],
    log: Pick<Log, "debug">,
  ): Promise<ToldFiles> {
    const files = new ToldFiles(roll, look, log);
    await files.#tell();
    files.#timer = setInterval(() => void files.#tell(), every);
    files.#timer.unref();
    return files;
  }

  /** What stands for the list on the roll. */
  get digest(): string {
    return this.#digest;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #tell(): Promise<void> {
    try {
      this.#digest = await this.#roll.keepModels(this.#look());
    } catch (thrown) {
      this.#log.debug("the fleet could not be told of the model files", { error: String(thrown) });
    }
  }
}
