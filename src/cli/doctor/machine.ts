import { readFileSync } from "node:fs";
import { availableParallelism, freemem, totalmem } from "node:os";
import { inUnits } from "#/lib/in-units.ts";
import { featuresIn } from "#/lib/processor-features.ts";
import type { Finding } from "./finding.ts";

/** A file of the system's; empty where there is none. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** What networks are quick with, on x86 and on Arm, in Linux' words. */
const quickWith: readonly string[] = [
  ...["avx2", "fma", "f16c", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_int8"],
  ...["asimd", "asimdhp", "asimddp", "i8mm", "bf16", "sve"],
];

/**
 * What the processor can do for networks.
 *
 * @param cpuinfo the text of /proc/cpuinfo
 */
export function processorFinding(cpuinfo: string, cores: number): Finding {
  const name = /^model name\s*: (.*)$/m.exec(cpuinfo)?.[1] ?? "a processor without a name";
  const features = featuresIn(cpuinfo) ?? new Set();
  const has = quickWith.filter((feature) => features.has(feature));
  const found = `${name}, ${cores} cores for us; ${has.join(", ") || "none of the features that networks are quick with"}`;
  // Arm's processors have none of it, and need none: what every one of 64 bits has is enough.
  if (cpuinfo !== "" && !features.has("avx2") && !features.has("asimd"))
    return {
      what: "processor",
      level: "fault",
      found,
      mend: "Bun and ONNX Runtime need AVX2: in a virtual machine, hand the host's processor through.",
    };
  if (cores < 2)
    return {
      what: "processor",
      level: "weak",
      found,
      mend: "A picture takes as long as it has few cores: give it more.",
    };
  return { what: "processor", level: "good", found };
}

/**
 * Whether there is memory for a checkpoint of the usual size.
 *
 * @param limit of the container, in bytes; undefined where there is none
 */
export function memoryFinding(total: number, available: number, limit: number | undefined): Finding {
  const ours = Math.min(total, limit ?? total);
  const held =
    limit === undefined || limit >= total ? "" : `, of which this container may have ${inUnits(limit)}`;
  const found = `${inUnits(total)} of memory${held}; ${inUnits(available)} are free`;
  const enough = 8e9;
  if (ours < enough)
    return {
      what: "memory",
      level: "weak",
      found,
      mend: `SDXL checkpoints want ${inUnits(enough)} and more: beneath that their weights are read from the disk again and again. The demo model needs 1 GB.`,
    };
  return { what: "memory", level: "good", found };
}

/** What the kernel gives a container; undefined without a limit. */
function containerLimit(): number | undefined {
  const text = textOf("/sys/fs/cgroup/memory.max") || textOf("/sys/fs/cgroup/memory/memory.limit_in_bytes");
  const bytes = Number.parseInt(text, 10);
  return Number.isNaN(bytes) || bytes > 2 ** 60 ? undefined : bytes;
}

/**
 * A clock that is far off breaks connections to others and dates pictures wrongly.
 *
 * @param built a time that lies behind us for sure, in milliseconds
 */
export function clockFinding(now: number, built: number): Finding {
  const found = new Date(now).toISOString();
  if (now >= built) return { what: "clock", level: "good", found };
  const mend =
    "Set the clock (timedatectl set-ntp true): certificates of others are refused, and pictures are filed under this date.";
  return { what: "clock", level: "fault", found: `${found}, which is before this program was made`, mend };
}

/** When this version was in the making. */
const made = Date.UTC(2025, 0, 1);

/** The machine: processor, memory, clock. */
export const machineFindings = (): readonly Finding[] => {
  const available = Number(/^MemAvailable:\s+(\d+)/m.exec(textOf("/proc/meminfo"))?.[1] ?? Number.NaN) * 1024;
  return [
    processorFinding(textOf("/proc/cpuinfo"), availableParallelism()),
    memoryFinding(totalmem(), Number.isNaN(available) ? freemem() : available, containerLimit()),
    clockFinding(Date.now(), made),
  ];
};
