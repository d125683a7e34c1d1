import { dlopen } from "bun:ffi";
import { connect, type Socket } from "node:net";

/**
 * A port of this machine at which no connection is ever made: something listens there, takes nothing, and its line of
 * those who wait is full. Through the C library, since every server of ours takes who comes.
 */
export async function deafPort(): Promise<Readonly<{ port: number; close: () => void }>> {
  const libc = dlopen(process.platform === "darwin" ? "libc.dylib" : "libc.so.6", {
    socket: { args: ["i32", "i32", "i32"], returns: "i32" },
    bind: { args: ["i32", "ptr", "u32"], returns: "i32" },
    listen: { args: ["i32", "i32"], returns: "i32" },
    getsockname: { args: ["i32", "ptr", "ptr"], returns: "i32" },
    close: { args: ["i32"], returns: "i32" },
  });
  const internet = 2;
  const stream = 1;
  const place = new Uint8Array(16);
  const view = new DataView(place.buffer);
  view.setUint16(0, internet, true);
  place.set([127, 0, 0, 1], 4);
  const listening = libc.symbols.socket(internet, stream, 0);
  if (libc.symbols.bind(listening, place, place.length) !== 0) throw new Error("no port was given");
  if (libc.symbols.listen(listening, 0) !== 0) throw new Error("the port does not listen");
  libc.symbols.getsockname(listening, place, new Uint32Array([place.length]));
  const port = view.getUint16(2);
  const waiting: Socket[] = [];
  for (let full = false; !full && waiting.length < 64; ) {
    const socket = connect(port, "127.0.0.1").on("error", () => undefined);
    waiting.push(socket);
    full = await Promise.race([
      new Promise<boolean>((resolve) => socket.once("connect", () => resolve(false))),
      Bun.sleep(300).then(() => true),
    ]);
  }
  const close = (): void => {
    for (const socket of waiting) socket.destroy();
    libc.symbols.close(listening);
    libc.close();
  };
  return { port, close };
}
