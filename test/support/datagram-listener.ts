import { dlopen, ptr } from "bun:ffi";
import { addressOf } from "#/native/notify-socket.ts";

/** A Unix datagram socket that is bound, as a service manager has one. */
export type DatagramListener = Readonly<{
  /** What has come since it was last asked, in order. */
  received: () => readonly string[];
  close: () => void;
}>;

const [unix, datagram, withoutWaiting] = [1, 2, 0x40];

/** @throws Error when the path cannot be bound */
export function datagramListener(path: string): DatagramListener {
  const { symbols } = dlopen("libc.so.6", {
    socket: { args: ["i32", "i32", "i32"], returns: "i32" },
    bind: { args: ["i32", "ptr", "u32"], returns: "i32" },
    recv: { args: ["i32", "ptr", "u64", "i32"], returns: "i64" },
    close: { args: ["i32"], returns: "i32" },
  });
  const address = addressOf(path);
  const socket = symbols.socket(unix, datagram, 0);
  if (address === undefined || symbols.bind(socket, ptr(address), address.length) !== 0)
    throw new Error(`${path} cannot be bound`);
  const buffer = Buffer.alloc(4096);
  return {
    received: () => {
      const texts: string[] = [];
      for (;;) {
        const length = Number(symbols.recv(socket, ptr(buffer), buffer.length, withoutWaiting));
        if (length < 0) return texts;
        texts.push(buffer.toString("utf8", 0, length));
      }
    },
    close: () => symbols.close(socket),
  };
}
