import type { AnyElysia } from "elysia";
import type { Config } from "#/config/schema.ts";
import { EngineError } from "#/lib/errors.ts";
import type { Log } from "#/lib/log.ts";
import { type PortTrouble, portTrouble, toPortTrouble } from "#/lib/port-trouble.ts";

/** What listens. */
type Server = Readonly<{ port: number; stop: () => Promise<void> }>;

/**
 * Before anything is opened, so that what fails fails without a trace.
 *
 * @throws EngineError `bad-setting`
 */
export function refuseTakenPorts({ host, port, also_port, impliedPort }: Config): void {
  for (const wanted of impliedPort ? [port] : [port, also_port]) refuseTakenPort(host, wanted);
}

function refuseTakenPort(host: string, port: number): void {
  const trouble = portTrouble(host, port);
  if (trouble !== undefined) throw portTaken(host, port, trouble);
}

function portTaken(
  host: string,
  port: number,
  { sentence, isBusy, cause }: PortTrouble,
  way = "--port (--also-port for a second one, --host for the address)",
): EngineError {
  const stop = isBusy ? "Stop that one, or name another port" : "Name another place";
  const message = `${sentence}. ${stop} with ${way}.`;
  return new EngineError("bad-setting", message, { host, port }, cause);
}

/** Who still waits for an answer is sent one (the tasks are closed by now) before the connections are cut. */
async function stopServer(app: AnyElysia): Promise<void> {
  const { server } = app;
  await Promise.race([app.stop(false), Bun.sleep(500)]);
  await server?.stop(true);
}

/**
 * On the port, and on the second one if there is one.
 *
 * @throws EngineError `bad-setting` when it is taken
 */
export function listenAll(open: () => AnyElysia, config: Config, log: Log): Server {
  const first = listen(open(), config.host, config.port);
  const second = listenToo(open, config, log);
  return { port: first.port, stop: () => Promise.all([first.stop(), second?.stop()]).then(() => undefined) };
}

/**
 * On one port.
 *
 * @param way the flags that lead elsewhere
 * @throws EngineError `bad-setting` when it is taken
 */
export function listen(app: AnyElysia, host: string, port: number, way?: string): Server {
  try {
    app.listen({ hostname: host, port });
  } catch (cause) {
    throw portTaken(host, port, toPortTrouble(host, port, cause), way);
  }
  return { port: app.server?.port ?? port, stop: () => stopServer(app) };
}

/**
 * The second port, if there is one, answers the same. One that `--port` brought along, where FooocusAPI's clients look
 * for the API, may be somebody else's: then the server does without, and says so. One that was asked for may not.
 */
function listenToo(open: () => AnyElysia, config: Config, log: Log): Server | undefined {
  const { host, also_port, impliedPort } = config;
  if (also_port === 0) return undefined;
  try {
    return listen(open(), host, also_port);
  } catch (thrown) {
    if (!impliedPort || !(thrown instanceof EngineError)) throw thrown;
    const way = "clients of FooocusAPI that look for the API one above --port will not find it";
    log.warn(`the second port is taken; ${way}`, { host, port: also_port });
    return undefined;
  }
}
