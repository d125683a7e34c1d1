/**
 * The keys of a fleet. All begin with its name in braces, so that they lie together where keys are spread; lines have theirs
 * below the same prefix, as BullMQ names them.
 */
export const fleetKeys = (name: string) => {
  const prefix = `{${name}}`;
  const key = (rest: string): string => `${prefix}:${rest}`;
  return {
    prefix,
    protocol: key("protocol"),
    probe: (id: string) => key(`probe:${id}`),
    /** Line -> what it is. */
    lines: key("lines"),
    /** Line -> when a job was added last. */
    used: key("lines:used"),
    /** Task -> its line. */
    places: key("places"),
    sequence: key("log:sequence"),
    log: key("log"),
    /** The newest previews of a task. */
    previews: (task: string) => key(`log:previews:${task}`),
    writer: (id: string) => key(`log:writer:${id}`),
    roll: key("roll"),
    member: (id: string) => key(`member:${id}`),
    models: (digest: string) => key(`models:${digest}`),
    inbox: (id: string) => key(`inbox:${id}`),
    /** Waiting questions of a recipe version. */
    questions: (recipeVersion: number) => key(`questions:v${recipeVersion}`),
    question: (id: string) => key(`question:${id}`),
    claim: (claim: string) => key(`claim:${claim}`),
    flag: (flag: string) => key(`flag:${flag}`),
  } as const;
};

export type FleetKeys = ReturnType<typeof fleetKeys>;
