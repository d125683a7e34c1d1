import type { App } from "#/app.ts";
import type { Variables } from "#/config/read-environment.ts";
import type { Log } from "#/lib/log.ts";
import { isHangUpIgnored, starterVariable, whenStarterIsGone } from "#/native/starter.ts";

/** One Ctrl-C comes twice where the terminal and a program in between both tell us of it. */
const sameKeyMs = 1000;

/**
 * The first signal lets the picture at hand end; a second one hands it back to the queue and leaves. A terminal that is
 * closed says so with SIGHUP, and is no reason to lose a picture either; who was started to outlive it (`nohup`) does.
 * The program that started this one for somebody (`scripts/setup.mjs`) counts as a signal when it is gone.
 */
export function leaveOnSignal(app: Pick<App, "close" | "handBack">, env: Variables, log: Log): void {
  let since: number | undefined;
  let code = 0;
  const exit = (): never => process.exit(code);
  const failed = (error: unknown): void => {
    log.error("the program did not close in order", { error: String(error) });
    process.exit(1);
  };
  const leave = (): void => {
    const now = performance.now();
    if (since === undefined) {
      since = now;
      app.close().then(exit, failed);
    } else if (now - since > sameKeyMs) {
      code = 1;
      app.handBack().then(exit, failed);
    }
  };
  process.on("SIGINT", leave);
  process.on("SIGTERM", leave);
  if (!isHangUpIgnored()) process.on("SIGHUP", leave);
  whenStarterIsGone(env[starterVariable], () => {
    log.warn("the program that started the server is gone, so it leaves too");
    leave();
  });
}
