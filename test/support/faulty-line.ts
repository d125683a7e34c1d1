import { connect, createServer, type Socket } from "node:net";

/** What becomes of a connection: it passes, is closed at once, is answered 503, is cut after its first bytes, or gets no answer. */
export type LineFault = "none" | "refuses" | "busy" | "cuts" | "loses-answers" | "hangs";

/** A line to a server on this machine, of which faults can be switched on. */
export type FaultyLine = Readonly<{
  endpoint: string;
  /** Also ends the connections there are. */
  set: (fault: LineFault) => void;
  /** Connections since the last `set`. */
  seen: () => number;
  close: () => void;
}>;

const busy =
  '<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>';

/** @param port of the server behind it */
export async function faultyLine(port: number): Promise<FaultyLine> {
  let fault: LineFault = "none";
  let seen = 0;
  const open = new Set<Socket>();
  const server = createServer((client) => {
    seen += 1;
    open.add(client);
    client.on("close", () => open.delete(client));
    client.on("error", () => undefined);
    if (fault === "refuses") client.destroy();
    else if (fault === "busy") {
      client.once("data", () =>
        client.end(
          `HTTP/1.1 503 Slow Down\r\nconnection: close\r\ncontent-length: ${busy.length}\r\n\r\n${busy}`,
        ),
      );
    } else if (fault !== "hangs") pass(client, port, fault);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const at = typeof address === "object" && address !== null ? address.port : 0;
  const end = (): void => {
    for (const socket of open) socket.destroy();
  };
  return {
    endpoint: `http://127.0.0.1:${at}`,
    set: (next) => {
      fault = next;
      seen = 0;
      end();
    },
    seen: () => seen,
    close: () => {
      end();
      server.close();
    },
  };
}

function pass(client: Socket, port: number, fault: LineFault): void {
  const behind = connect(port, "127.0.0.1");
  behind.on("error", () => client.destroy());
  client.on("close", () => behind.destroy());
  client.pipe(behind);
  if (fault === "loses-answers") behind.once("data", () => client.destroy());
  else if (fault === "cuts")
    behind.once("data", (bytes: Buffer) => {
      client.write(bytes.subarray(0, -1), () => client.destroy());
    });
  else behind.pipe(client);
  behind.on("end", () => client.end());
}
