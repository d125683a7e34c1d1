/** What NVIDIA's own program says of a card. MiB. */
export type Card = Readonly<{ name: string; driver: string; memory: number; capability: string }>;

const program = "nvidia-smi";

/** All cards; none where NVIDIA's program is not there or fails, with its words. */
export function cards(): Readonly<{ cards: readonly Card[]; why?: string }> {
  const fields = "name,driver_version,memory.total,compute_cap";
  if (Bun.which(program) === null) return { cards: [], why: `${program} is not there` };
  const asked = Bun.spawnSync([program, `--query-gpu=${fields}`, "--format=csv,noheader,nounits"]);
  const text = asked.stdout.toString().trim();
  if (!asked.success) return { cards: [], why: (text || asked.stderr.toString()).trim().slice(0, 300) };
  const rows = text.split("\n").map((line) => line.split(",").map((cell) => cell.trim()));
  return {
    cards: rows.map(([name = "", driver = "", memory = "", capability = ""]) => ({
      name,
      driver,
      memory: Number(memory),
      capability,
    })),
  };
}

/** The memory in use on the first card while something ran, MiB: before it, and the most. */
export type CardMemory = Readonly<{ before: number; most: number }>;

/**
 * Watches the memory in use on the first card, five times a second.
 *
 * @returns how to end it, which answers nothing where there is no card; and what is in use now
 */
export function watchCard(): Readonly<{ now: () => number | undefined; end: () => CardMemory | undefined }> {
  if (Bun.which(program) === null) return { now: () => undefined, end: () => undefined };
  const options = ["--query-gpu=memory.used", "--format=csv,noheader,nounits", "--id=0", "-lms", "200"];
  const child = Bun.spawn([program, ...options], { stdout: "pipe", stderr: "ignore" });
  const seen: number[] = [];
  void (async () => {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const bytes of child.stdout) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      seen.push(...lines.map(Number).filter((mib) => Number.isFinite(mib)));
    }
  })();
  return {
    now: () => seen.at(-1),
    end: () => {
      child.kill();
      const [before] = seen;
      return before === undefined ? undefined : { before, most: Math.max(...seen) };
    },
  };
}
