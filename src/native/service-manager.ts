import { notifySocket } from "./notify-socket.ts";

/** What a service manager tells a service by its environment. */
type Environment = Readonly<Record<string, string | undefined>>;

/** The service manager (systemd) that started this process and wants to hear of it. */
export type ServiceManager = Readonly<{
  /** The server answers. From here on it shows at regular times that it is alive, where a watchdog wants that. */
  ready: (status: string) => void;
  /** The server has been told to stop. */
  stopping: (status: string) => void;
  /** A line for people, shown by `systemctl status`; the same one again is not sent. */
  status: (status: string) => void;
}>;

/**
 * Speaks `sd_notify(3)`: datagrams to the socket that `NOTIFY_SOCKET` names. Signs of life (`WatchdogSec=`, which comes as
 * `WATCHDOG_USEC`) are sent twice in the time they are waited for, by the event loop itself, so that one that hangs is seen.
 *
 * @returns nothing where nobody wants to hear, or cannot be told
 */
export function serviceManager(env: Environment): ServiceManager | undefined {
  const send = notifySocket(env["NOTIFY_SOCKET"] ?? "");
  if (send === undefined) return undefined;
  let last = "";
  const told = (status: string): string => {
    last = status;
    return `STATUS=${status.replaceAll(/\s+/g, " ")}`;
  };
  return {
    ready: (status) => {
      send(`READY=1\n${told(status)}`);
      const milliseconds = watchdogMilliseconds(env);
      if (milliseconds === undefined) return;
      send("WATCHDOG=1");
      setInterval(() => send("WATCHDOG=1"), milliseconds / 2).unref();
    },
    stopping: (status) => send(`STOPPING=1\n${told(status)}`),
    status: (status) => {
      if (status !== last) send(told(status));
    },
  };
}

/** In which time a sign of life is waited for from this very process. */
export function watchdogMilliseconds(env: Environment): number | undefined {
  const { WATCHDOG_USEC: span, WATCHDOG_PID: whose } = env;
  if (whose !== undefined && Number(whose) !== process.pid) return undefined;
  const microseconds = Number(span ?? "");
  return Number.isFinite(microseconds) && microseconds > 0 ? Math.max(microseconds / 1000, 2) : undefined;
}
