/** What a binary can be made for, and what the parts of it that are not JavaScript are called. */
export const targets = {
  "linux-x64": { arch: "x64", bun: "bun-linux-x64", runtime: "@oven/bun-linux-x64" },
  "linux-arm64": { arch: "arm64", bun: "bun-linux-arm64", runtime: "@oven/bun-linux-aarch64" },
} as const;

export type TargetName = keyof typeof targets;
export type Target = (typeof targets)[TargetName];

const isTarget = (name: string): name is TargetName => Object.hasOwn(targets, name);

/**
 * The target that the words of a command name, this machine's without any.
 *
 * @param words as they stand behind the command: `--target linux-arm64`, or `--target=linux-arm64`
 * @throws Error with the targets there are
 */
export function targetOf(words: readonly string[], here = `${process.platform}-${process.arch}`): TargetName {
  const [flag = "", value] = words.flatMap((word) => word.split("="));
  const isWhole = words.length === 0 || (flag === "--target" && value !== undefined);
  const name = words.length === 0 ? here : (value ?? "");
  if (isWhole && isTarget(name)) return name;
  const known = Object.keys(targets).join(", ");
  throw new Error(
    `build: there is no binary for ${JSON.stringify(words.length === 0 ? here : words.join(" "))}; --target takes one of ${known}`,
  );
}
