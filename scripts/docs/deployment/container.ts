import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigSchema } from "#/config/schema.ts";
import type { Machine } from "./machine.ts";
import type { Start } from "./service.ts";

/** The Dockerfile of this checkout, as its last stage (or another) makes an image. */
export type Image = Readonly<{
  env: Readonly<Record<string, string>>;
  volumes: readonly string[];
  port: string;
  folder: string;
  command: readonly string[];
}>;

const dockerfile = join(import.meta.dir, "../../../Dockerfile");

/** @throws Error when there is no such stage */
export function readImage(stage: string): Image {
  const stages = readFileSync(dockerfile, "utf8").split(/^(?=FROM )/m);
  const text = stages.find((one) => new RegExp(`^FROM \\S+ AS ${stage}$`, "m").test(one));
  if (text === undefined) throw new Error(`the Dockerfile has no stage ${stage}`);
  const one = (word: string): string => new RegExp(`^${word} (.*)$`, "m").exec(text)?.[1] ?? "";
  const list = (word: string): readonly string[] => JSON.parse(one(word) || "[]");
  return {
    env: Object.fromEntries(
      one("ENV")
        .split(" ")
        .map((pair) => pair.split("=")),
    ),
    volumes: list("VOLUME"),
    port: one("EXPOSE"),
    folder: one("WORKDIR"),
    command: [...list("ENTRYPOINT"), ...list("CMD")],
  };
}

type Service = Readonly<{
  build: string;
  ports: readonly string[];
  environment: Readonly<Record<string, string>>;
  volumes: readonly string[];
  read_only: boolean;
  tmpfs: readonly string[];
  stop_grace_period: string;
}>;

type Compose = Readonly<{
  services: Readonly<Record<string, Service>>;
  volumes: Readonly<Record<string, object>>;
}>;

/** What a compose file starts. @throws Error for what does not fit the image or is not declared */
export function readCompose(text: string): Service {
  const { services, volumes } = Bun.YAML.parse(text) as Compose;
  const service = services["fooocusd"];
  if (service === undefined) throw new Error("there is no service fooocusd");
  checkMounts(service.volumes, Object.keys(volumes));
  checkPorts(service.ports);
  for (const name of Object.keys(service.environment)) {
    const key = name.replace("FOOOCUSD_", "").toLowerCase();
    if (!(key in ConfigSchema.properties)) throw new Error(`${name} is no setting`);
  }
  if (service.read_only && !service.tmpfs.includes("/tmp:exec")) throw new Error("no folder allows code");
  return service;
}

/** @param declared names of volumes; of `docker run` any name makes one */
export function checkMounts(mounts: readonly string[], declared?: readonly string[]): void {
  const { volumes } = readImage("cpu");
  for (const mount of mounts) {
    const [from = "", to = ""] = mount.split(":");
    if (!volumes.some((volume) => to === volume || to.startsWith(`${volume}/`)))
      throw new Error(`${mount} is no place of the image's: ${volumes.join(", ")}`);
    if (!from.startsWith("/") && declared?.includes(from) === false)
      throw new Error(`${from} is not declared`);
  }
}

export function checkPorts(ports: readonly string[]): void {
  const { port } = readImage("cpu");
  for (const published of ports)
    if (!published.endsWith(`:${port}`)) throw new Error(`${published} does not lead to ${port}`);
}

/** The server of an image on this machine, without the container around it. */
export function containerStart(machine: Machine, service?: Service): Start {
  const image = readImage("cpu");
  const place = (path: string): string => join(machine.root, "container", path);
  for (const path of [image.folder, ...image.volumes]) mkdirSync(place(path), { recursive: true });
  const ofImage = Object.entries(image.env).map(([name, path]) => [name, place(path)]);
  const { PATH, TMPDIR, FOOOCUSD_PORT } = machine.env;
  return {
    command: machine.mapped(image.command.join("\n")).split("\n"),
    env: { PATH, TMPDIR, FOOOCUSD_PORT, ...Object.fromEntries(ofImage), ...service?.environment } as Record<
      string,
      string
    >,
    cwd: place(image.folder),
    stopSeconds: Number.parseInt(service?.stop_grace_period ?? "10", 10),
  };
}
