import net from "node:net";
import type { RedisAddress } from "./address.ts";

/** Who answers behind an address, as far as a word can tell. */
export type Answerer = "redis" | "tls" | "other" | "silent";

const milliseconds = 2_000;
/** How records of TLS begin: an alert, a handshake. */
const alerts = [0x15, 0x16];

/** Asks without TLS, and in the plainest form that Redis has: its answers begin with `+` or `-`. A TLS server sends an alert, or hangs up. */
export async function whoAnswers({ host, port }: RedisAddress): Promise<Answerer> {
  const { promise, resolve } = Promise.withResolvers<Answerer>();
  const socket = net.connect({ host, port });
  const timer = setTimeout(() => resolve("silent"), milliseconds);
  socket.on("connect", () => socket.write("PING\r\n"));
  socket.on("data", (bytes: Buffer) => {
    const first = bytes.toString("latin1", 0, 1);
    resolve(first === "+" || first === "-" ? "redis" : alerts.includes(bytes[0] ?? 0) ? "tls" : "other");
  });
  socket.on("error", () => resolve("silent"));
  socket.on("close", () => resolve("silent"));
  const answerer = await promise;
  clearTimeout(timer);
  socket.destroy();
  return answerer;
}
