import { dlopen, ptr } from "bun:ffi";

/** Of Linux' `sys/socket.h`. */
const unix = 1;
const datagram = 2;
const closedOnExec = 0o2000000;
const withoutSignal = 0x4000;
const withoutWaiting = 0x40;

/** Bytes of a path in `sockaddr_un`. */
const longestPath = 108;

/**
 * Sends datagrams to a Unix socket, which Bun itself cannot. What does not arrive (nobody listens, or does not read) is
 * dropped: it is told to whoever supervises us, and no reason to fail.
 *
 * @param path of the socket; one that begins with `@` is of the abstract namespace
 * @returns what sends a text; nothing where that is not possible
 */
export function notifySocket(path: string): ((text: string) => void) | undefined {
  const address = addressOf(path);
  if (address === undefined || process.platform !== "linux") return undefined;
  try {
    const { symbols } = dlopen("libc.so.6", {
      socket: { args: ["i32", "i32", "i32"], returns: "i32" },
      sendto: { args: ["i32", "ptr", "u64", "i32", "ptr", "u32"], returns: "i64" },
    });
    const socket = symbols.socket(unix, datagram + closedOnExec, 0);
    if (socket < 0) return undefined;
    return (text) => {
      const bytes = Buffer.from(text);
      symbols.sendto(
        socket,
        ptr(bytes),
        bytes.length,
        withoutSignal + withoutWaiting,
        ptr(address),
        address.length,
      );
    };
  } catch {
    // No glibc: nobody is told.
    return undefined;
  }
}

/** `sockaddr_un`: the family, and the path with a 0 at its end, or behind a 0 for an abstract one. */
export function addressOf(path: string): Uint8Array | undefined {
  const isAbstract = path.startsWith("@");
  if (!isAbstract && !path.startsWith("/")) return undefined;
  const name = Buffer.from(isAbstract ? `\0${path.slice(1)}` : `${path}\0`);
  if (name.length > longestPath || name.length < 2) return undefined;
  return Buffer.concat([Buffer.from([unix, 0]), name]);
}
