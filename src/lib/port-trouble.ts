/** Why a port cannot be listened on; `isBusy` where another program does. */
export type PortTrouble = Readonly<{ sentence: string; isBusy: boolean; cause: unknown }>;

/** Tries a port, and leaves it free. @returns undefined where it can be listened on; so can 0, which is any */
export function portTrouble(host: string, port: number): PortTrouble | undefined {
  if (port === 0) return undefined;
  try {
    Bun.listen({ hostname: host, port, socket: { data: () => undefined } }).stop(true);
    return undefined;
  } catch (cause) {
    return toPortTrouble(host, port, cause);
  }
}

/** What the system means by refusing a port. */
export function toPortTrouble(host: string, port: number, cause: unknown): PortTrouble {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  const words = cause instanceof Error ? cause.message : String(cause);
  const reason = typeof code === "string" ? reasons[code] : undefined;
  const sentence = `${host}:${port} ${reason ?? `cannot be listened on: ${words}`}`;
  return { sentence, isBusy: code === "EADDRINUSE", cause };
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: "is busy: another program listens there (ss -ltnp shows which)",
  EACCES: "may not be listened on by this user; ports below 1024 are the system's",
  EADDRNOTAVAIL: "is no address of this machine",
};
