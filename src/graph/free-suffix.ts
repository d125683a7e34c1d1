/** What has to follow a name so that nothing is called so yet: nothing, `~2`, `~3` ... */
export function freeSuffix(name: string, taken: ReadonlyMap<string, unknown>): string {
  let suffix = "";
  for (let n = 2; taken.has(name + suffix); n += 1) suffix = `~${n}`;
  return suffix;
}
