/**
 * What watching costs the engine: the same pictures with nobody and with many subscribers of the live channel, in turns.
 *
 *     bun scripts/bench/subscribers.ts [--subscribers 500] [--previews 100] [--rounds 12] [--steps 20] [-- server flags]
 *
 * Prints, as medians over the rounds, the time of denoising per picture (as the engine measured it) and the processor
 * time of the server's main thread, with their ratios. The subscribers are sockets of another process that read and
 * throw away; their work is not the server's, but they share the machine with it.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { startSourceServer } from "./quality/source-server.ts";

type Round = Readonly<{ denoising: number; main: number; kernel: number; received: number }>;

const { values, positionals } = parseArgs({
  options: {
    subscribers: { type: "string", default: "500" },
    previews: { type: "string", default: "100" },
    rounds: { type: "string", default: "12" },
    steps: { type: "string", default: "20" },
    /** Internal: be the subscribers of this server. */
    watch: { type: "string" },
  },
  allowPositionals: true,
});
const subscribers = Number(values.subscribers);
const withPreviews = Number(values.previews);

async function compare(): Promise<void> {
  const server = await startSourceServer(positionals);
  try {
    // The first picture opens the networks.
    await picture(server.url, server.pid);
    const alone: Round[] = [];
    const watched: Round[] = [];
    for (let round = 0; round < Number(values.rounds); round += 1) {
      // Every other round begins with the other half, so that a machine that drifts favours neither.
      const halves = round % 2 === 0 ? [false, true] : [true, false];
      for (const crowd of halves) {
        const leave = crowd ? await subscribe(server.url) : async () => 0;
        const made = await picture(server.url, server.pid);
        (crowd ? watched : alone).push({ ...made, received: await leave() });
      }
    }
    report(alone, watched);
  } finally {
    await server.close();
  }
}

/** Makes one picture. Times in milliseconds: of denoising, and of the server's main thread meanwhile. */
async function picture(url: string, pid: number): Promise<Omit<Round, "received">> {
  const before = mainThread(pid);
  const body = {
    prompt: "a red circle on a blue background",
    performance_selection: "Speed",
    overwrite_step: Number(values.steps),
    image_seed: 7,
    async_process: true,
  };
  const accepted = await fetch(`${url}/v1/engine/generate/`, { method: "POST", body: JSON.stringify(body) });
  const { task_id } = await accepted.json();
  const story = await (await fetch(`${url}/tasks/${task_id}/events`)).text();
  const settled = JSON.parse(/event: settled\ndata: (.*)/.exec(story)?.[1] ?? "{}");
  if (settled.status !== "finished") throw new Error(`the picture was not made: ${JSON.stringify(settled)}`);
  const after = mainThread(pid);
  return {
    denoising: settled.timings.denoising_ms,
    main: after.all - before.all,
    kernel: after.kernel - before.kernel,
  };
}

/** Linux counts processor time in hundredths of a second. */
const tick = 10;

/** Processor time of a process' first thread, which serves HTTP; the engine has threads of its own. Milliseconds. */
function mainThread(pid: number): Readonly<{ all: number; kernel: number }> {
  const fields = readFileSync(`/proc/${pid}/task/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  const [user, kernel] = [Number(fields[11]) * tick, Number(fields[12]) * tick];
  return { all: user + kernel, kernel };
}

/** Starts the subscribers and waits until all are greeted; what is returned ends them and says what they received. */
async function subscribe(url: string): Promise<() => Promise<number>> {
  const counts = ["--subscribers", values.subscribers, "--previews", values.previews];
  const child = Bun.spawn([process.execPath, import.meta.path, "--watch", url, ...counts], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  if (value === undefined) throw new Error("the subscribers ended early");
  return async () => {
    await child.stdin.end();
    let text = "";
    for (let part = await reader.read(); !part.done; part = await reader.read())
      text += new TextDecoder().decode(part.value);
    await child.exited;
    return Number(text);
  };
}

/** The other process: connects, says "ready", counts bytes until its input ends, prints the sum. */
async function watchAll(url: string): Promise<void> {
  const { hostname, port } = new URL(url);
  let received = 0;
  const ready = Array.from({ length: subscribers }, (_, i) => {
    const greeted = Promise.withResolvers<void>();
    void Bun.connect({
      hostname,
      port: Number(port),
      socket: {
        open: (socket) => {
          socket.write(upgrade(`${hostname}:${port}`));
          socket.write(
            textFrame(JSON.stringify({ type: "subscribe", tasks: "all", previews: i < withPreviews })),
          );
        },
        data: (_socket, data) => {
          received += data.length;
          if (data.includes("subscribed")) greeted.resolve();
        },
        close: () => greeted.reject(new Error("a subscriber was turned away")),
      },
    });
    return greeted.promise;
  });
  await Promise.all(ready);
  const before = received;
  await Bun.write(Bun.stdout, "ready\n");
  await Bun.stdin.text();
  await Bun.write(Bun.stdout, `${received - before}`);
  process.exit(0);
}

const upgrade = (host: string): string =>
  `GET /v1/live HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
  "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/** A short text from a client; the mask is zero, so it stays as it is. */
const textFrame = (text: string): Uint8Array =>
  Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);

function report(alone: readonly Round[], watched: readonly Round[]): void {
  const line = (name: string, of: (round: Round) => number, unit: string): string => {
    const [zero, many] = [median(alone.map(of)), median(watched.map(of))];
    return `${name}: ${zero.toFixed(1)} -> ${many.toFixed(1)} ${unit}, ratio ${(many / zero).toFixed(3)}`;
  };
  // Neighbours in time, so that a slow minute counts on both sides; those with nobody show how much is noise.
  const times = alone.map(({ denoising }) => denoising);
  const watchedOverAlone = times.map((time, i) => (watched[i]?.denoising ?? 0) / time);
  const aloneOverAlone = times.slice(1).map((time, i) => time / (times[i] ?? 1));
  console.log(
    `${alone.length} pictures each, 0 -> ${subscribers} subscribers, ${withPreviews} with previews`,
  );
  console.log(line("denoising per picture", ({ denoising }) => denoising, "ms"));
  console.log(`neighbours, watched to unwatched: ${spread(watchedOverAlone)}`);
  console.log(`neighbours, both unwatched:       ${spread(aloneOverAlone)}`);
  console.log(line("main thread per picture", ({ main }) => main, "ms of processor time"));
  console.log(line("  of it in the kernel", ({ kernel }) => kernel, "ms"));
  const megabytes = median(watched.map(({ received }) => received)) / 1e6;
  console.log(`sent per picture: ${megabytes.toFixed(1)} MB`);
}

function spread(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const [low = 0, high = 0] = [0.25, 0.75].map((part) => sorted[Math.round((sorted.length - 1) * part)] ?? 0);
  return `median ${median(values).toFixed(3)}, half of them from ${low.toFixed(3)} to ${high.toFixed(3)}`;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2;
}

if (values.watch === undefined) await compare();
else await watchAll(values.watch);
