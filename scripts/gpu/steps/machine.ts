/** What is there: processor, cards, libraries, and what could be measured beside ours. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { machine } from "../../bench/peers/machine.ts";
import { cards } from "../card.ts";
import { listed } from "../libraries.ts";
import { plan, tell } from "../step.ts";

const { cuda, python } = plan();
const root = join(import.meta.dir, "../../..");

tell({ ...cards() });
tell({ machine: Bun.which("lscpu") === null ? "lscpu, which names it, is not there" : machine() });
const versionOf = (name: string): string =>
  (JSON.parse(readFileSync(join(root, "node_modules", name, "package.json"), "utf8")) as { version: string })
    .version;
const commit = Bun.spawnSync(["git", "rev-parse", "HEAD"], { cwd: root });
const carried = join(root, ".gpu-commit");
tell({
  versions: {
    fooocusd: existsSync(carried) ? readFileSync(carried, "utf8").trim() : commit.stdout.toString().trim(),
    bun: Bun.version,
    "onnxruntime-node": versionOf("onnxruntime-node"),
    kernel: readFileSync("/proc/version", "utf8").split(" ")[2] ?? "",
  },
});
const names = ["torch", "diffusers", "transformers", "safetensors"] as const;
const program = [
  "import importlib.metadata as m, json",
  "def v(n):",
  "  try: return m.version(n)",
  "  except m.PackageNotFoundError: return None",
  `print(json.dumps({n: v(n) for n in ${JSON.stringify(names)}}))`,
].join("\n");
if (Bun.which(python) === null) tell({ python: `${python} is not there` });
else {
  const asked = Bun.spawnSync([python, "-c", program]);
  tell({
    python: asked.success ? JSON.parse(asked.stdout.toString()) : asked.stderr.toString().slice(-300),
  });
}
const linker = Bun.spawnSync(["sh", "-c", "ldconfig -p | grep -E 'libcuda.so|libvulkan.so|libnvidia-ml.so'"]);
tell({
  linker: linker.stdout
    .toString()
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean),
});
tell({ libraries: cuda === undefined ? "no folder with the CUDA provider was given" : listed(cuda) });
