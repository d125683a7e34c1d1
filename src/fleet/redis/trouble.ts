/** What an error of Redis, or of the way to it, says; the causes of several addresses are joined. */
export function reasonOf(thrown: unknown): string {
  if (thrown instanceof AggregateError && thrown.errors.length > 0) {
    return [...new Set(thrown.errors.map(reasonOf))].join(", ");
  }
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** A full Redis: it takes nothing more until somebody makes room. */
export const isFull = (thrown: unknown): boolean =>
  /^(?:OOM|MISCONF) |\bOOM command\b/.test(reasonOf(thrown));

/**
 * Whether the same command may work in a moment: the connection was lost, or Redis starts, is full, has become a replica, or is
 * stopped at a script.
 */
export const isPassing = (thrown: unknown): boolean =>
  isFull(thrown) ||
  /connection is closed|max retries per request|stream isn't writeable|connection ended|ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|socket|^(?:LOADING|READONLY|MASTERDOWN|BUSY|TRYAGAIN|CLUSTERDOWN|NOREPLICAS) |\b(?:READONLY|LOADING) /i.test(
    reasonOf(thrown),
  );
