import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../../../test/support/free-port.ts";
import type { Machine } from "./machine.ts";
import { start } from "./service.ts";
import { tryProxy } from "./try-proxy.ts";

/** The name that the page's proxies listen to. */
const host = "pictures.example.com";

/** A proxy of the page: its program, and how it is started with the page's file on a port of this machine. */
type Proxy = Readonly<{
  program: string;
  command: (machine: Machine, text: string, port: number) => readonly string[];
}>;

const proxies: Readonly<Record<string, Proxy>> = {
  nginx: {
    program: "nginx",
    command: ({ root }, text, port) => {
      const own = text.replace("listen 80;", `listen 127.0.0.1:${port};`);
      const at = (name: string): string => join(root, "tmp", name);
      const folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
        (name) => `${name}_temp_path ${at(`nginx-${name}`)};`,
      );
      const user = process.getuid?.() === 0 ? "user root;" : "";
      const around = `daemon off; ${user} pid ${at("nginx.pid")}; error_log stderr; events {} http { access_log off; ${folders.join(" ")}\n${own}}`;
      writeFileSync(at("nginx.conf"), around);
      return ["-e", "stderr", "-c", at("nginx.conf")];
    },
  },
  caddy: {
    program: "caddy",
    command: ({ root }, text, port) => {
      const own = text.replace(`${host} {`, `http://${host}:${port} {`);
      const file = join(root, "tmp", "Caddyfile");
      writeFileSync(file, `{\n\tadmin off\n\tauto_https off\n}\n${own}`);
      return ["run", "--config", file, "--adapter", "caddyfile"];
    },
  },
};

/** Where the proxy lies that a block is for; nothing for other blocks, null where there is none here. */
export function proxyProgram(language: string): string | null | undefined {
  const proxy = proxies[language];
  return proxy && Bun.which(proxy.program, { PATH: `${process.env["PATH"]}:/usr/sbin` });
}

/**
 * Starts a server and the proxy before it as the page has it, and uses both.
 *
 * @returns whether the program is here
 * @throws Error for what does not get through
 */
export async function followProxy(machine: Machine, language: string, text: string): Promise<boolean> {
  const proxy = proxies[language];
  const program = proxyProgram(language) ?? null;
  if (proxy === undefined || program === null) return false;
  const env = { ...machine.env, FOOOCUSD_ALLOWED_HOSTS: host };
  const command = [join(machine.root, "usr/local/bin/fooocusd")];
  const server = await start({ command, env, cwd: machine.folder, stopSeconds: 60 });
  const port = freePort();
  const args = proxy.command(machine, machine.mapped(text), port);
  const child = Bun.spawn([program, ...args], {
    cwd: machine.root,
    env: { ...machine.env, HOME: machine.root },
    stdout: "ignore",
    stderr: "pipe",
  });
  try {
    await tryProxy(`http://127.0.0.1:${port}`, host);
  } catch (thrown) {
    child.kill("SIGTERM");
    const said = (await new Response(child.stderr).text()).slice(-2000);
    throw new Error(`${proxy.program}: ${String(thrown)}\n${said}`, { cause: thrown });
  } finally {
    child.kill("SIGTERM");
    await child.exited;
    await server.stop();
  }
  return true;
}
