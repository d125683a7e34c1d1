import { release, totalmem } from "node:os";
import { type Disguise, undisguised } from "./avx2/only-avx2.ts";

/** The processor as lscpu names it, and which instructions it has that decide what is fast. */
export type Machine = Readonly<{
  model: string;
  family: string;
  cores: number;
  memoryGiB: number;
  kernel: string;
  features: Readonly<Record<"avx2" | "avx512" | "vnni" | "bf16" | "amx", boolean>>;
}>;

/**
 * Asks lscpu, in a disguise where there is one.
 *
 * @throws Error where it is not there
 */
export function machine({ wrap }: Disguise = undisguised): Machine {
  const child = Bun.spawnSync([...wrap(["lscpu"])], { env: { ...process.env, LC_ALL: "C" } });
  if (!child.success) throw new Error("lscpu, which names the processor, cannot be run");
  const text = child.stdout.toString();
  const field = (name: string): string =>
    new RegExp(`^\\s*${name}:\\s+(.+)$`, "m").exec(text)?.[1]?.trim() ?? "";
  const flags = new Set(field("Flags").split(" "));
  const has = (...names: readonly string[]): boolean => names.some((name) => flags.has(name));
  return {
    model: field("Model name"),
    family: `${field("Vendor ID")} family ${field("CPU family")} model ${field("Model")}`,
    cores: Number(field("CPU\\(s\\)")),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    features: {
      avx2: has("avx2"),
      avx512: has("avx512f"),
      vnni: has("avx512_vnni", "avx_vnni"),
      bf16: has("avx512_bf16"),
      amx: has("amx_tile"),
    },
  };
}

/** One line for above a table. */
export function machineLine({ model, family, cores, memoryGiB, features }: Machine): string {
  const names = Object.entries(features);
  const with_ = names.filter(([, there]) => there).map(([name]) => name);
  const without = names.filter(([, there]) => !there).map(([name]) => name);
  const lacking = without.length === 0 ? "" : `; without ${without.join(", ")}`;
  return `${model} (${family}), ${cores} cores, ${memoryGiB} GiB; with ${with_.join(", ")}${lacking}`;
}
