import { type SchemaOptions, type Static, Type } from "@sinclair/typebox";
import { devices, noiseRules, precisions } from "#/lib/devices.ts";
import { logFormats, logLevels } from "#/lib/log-words.ts";
import { fleetSettings } from "./fleet-settings.ts";
import type { FooocusKeys } from "./fooocus-keys.ts";

/** One of a few words. */
const oneOf = <const W extends string>(words: readonly W[], options: SchemaOptions = {}) =>
  Type.Union(
    words.map((word) => Type.Literal(word)),
    options,
  );

const gigabyte = 1024 ** 3;

/**
 * Every setting: its default, its range, and what `--help` and docs/configuration.md say of it. The name is the key in
 * `config.txt`; the flag is the name with dashes, the environment variable the name in capitals after `FOOOCUSD_`.
 */
export const ConfigSchema = Type.Object({
  host: Type.String({ default: "127.0.0.1", description: "Address to listen on; 0.0.0.0 for all." }),
  port: Type.Integer({
    default: 7866,
    minimum: 0,
    maximum: 65535,
    description: "Port of the API; 0 takes a free one.",
  }),
  also_port: Type.Integer({
    default: 0,
    minimum: 0,
    maximum: 65535,
    description:
      "A second port that answers the same; 0 for none. The flag --port N sets it to N+1, or to API_PORT, where FooocusAPI's API listens.",
  }),
  base_url: Type.String({
    default: "",
    description:
      "Base of result URLs, with or without scheme; empty takes the name that each request asked, and for webhooks host and port.",
  }),
  api_keys: Type.Array(Type.String(), {
    default: [],
    description: "Keys that X-API-KEY or Authorization: Bearer may hold; none switches the check off.",
  }),
  models: Type.Array(Type.String(), {
    default: ["models"],
    description:
      "Model folders laid out like Fooocus' models/, searched in order; <kind>=<folder> names a folder of one kind.",
  }),
  outputs: Type.String({ default: "outputs", description: "Folder for images and the history." }),
  history: Type.String({
    default: "",
    description:
      "Where tasks are kept: empty is db.sqlite3 in outputs; postgres://USER@HOST/DATABASE is a Postgres (12 or newer), whose password is in the address or in PGPASSWORD.",
  }),
  inputs: Type.String({ default: "inputs", description: "Folder for images that requests bring." }),
  pictures: Type.String({
    default: "",
    description:
      "Where pictures lie, those that are made and those that requests bring: empty takes the folders outputs and inputs, s3://BUCKET or s3://BUCKET/PREFIX a bucket of Amazon S3 or of another server that speaks it (docs/deployment.md). The history stays in outputs.",
  }),
  s3_endpoint: Type.String({
    default: "",
    description:
      "Address of the server of pictures in S3, as https://minio.example:9000; empty takes the variable S3_ENDPOINT, else Amazon's.",
  }),
  s3_region: Type.String({
    default: "",
    description:
      "Region of the bucket of pictures; empty takes the variable AWS_REGION, else us-east-1, or auto with an s3_endpoint.",
  }),
  pictures_cache: Type.Integer({
    default: 2 * gigabyte,
    minimum: 0,
    description:
      "With pictures in S3: bytes of those that were put or asked for lately and are kept below outputs, in .pictures. What was used within the last minute stays also above it.",
  }),
  fooocus: Type.String({
    default: "",
    description: "An existing Fooocus folder: its models, styles, presets and wildcards are used too.",
  }),
  preset: Type.String({
    default: "default",
    description: "Preset whose values requests get where they say nothing; wins over config.txt.",
  }),
  always_download: Type.Boolean({
    default: false,
    description:
      "Fetch the model files that presets name and that are not there: those of the server's own preset at its start, of others when a request names them.",
  }),
  hf_mirror: Type.String({
    default: "",
    description:
      "Address that stands for https://huggingface.co where model files are fetched from; empty takes that itself.",
  }),
  providers: Type.Array(oneOf(devices), {
    default: [],
    description: "Execution providers in order; empty takes CUDA where it is, else the CPU.",
  }),
  engines: Type.Array(
    Type.String({ pattern: "^(cpu|webgpu|cuda(:\\d{1,3})?)$", title: "cpu | webgpu | cuda | cuda:<number>" }),
    {
      default: [],
      description:
        "Engines of which each makes one picture at a time, by what they run on: cuda:0,cuda:1 for two cards, cpu,cpu for two that share the cores. Empty starts one, on what providers says.",
    },
  ),
  passing_seconds: Type.Integer({
    default: 60,
    minimum: 0,
    description:
      "With several engines: how long a waiting task may be passed over by tasks whose checkpoint is open on an idle engine, where its own is open on a busy one. 0 keeps to the order of the queue.",
  }),
  hang_seconds: Type.Integer({
    default: 120,
    minimum: 0,
    description:
      "An engine's process that has a task and does nothing at all for so long (no time on a processor, no page read) is ended, and its task tried again. 0 ends none. Linux, with isolation process.",
  }),
  cuda_libraries: Type.String({
    default: "",
    description:
      "Folder with ONNX Runtime's CUDA provider and CUDA's libraries; empty takes the one that `fooocusd cuda add` fills, below the cache folder.",
  }),
  weights: oneOf(["in-place", "packed"], {
    default: "in-place",
    description:
      "in-place maps checkpoints where they lie; packed copies them into memory, which takes long and its room. As measured (docs/performance.md), UNet and VAE are no faster by it, only text encoders on a processor with AVX-512.",
  }),
  precision: oneOf(precisions, {
    default: "full",
    description:
      "In which numbers the networks count for requests that say nothing: full as the files have them, fast in 8 bits where the processor gains by it.",
  }),
  memory_budget: Type.Integer({
    default: 16 * gigabyte,
    minimum: 0,
    description:
      "Bytes of weights that stay open between tasks. A running task's own stay open together, also above it; a task with a network that is larger by itself is refused. 0 keeps nothing and refuses none.",
  }),
  gpu_memory: Type.Integer({
    default: 0,
    minimum: 0,
    description:
      "Bytes of a card's memory that the engine plans with (docs/gpu.md#memory-plan; 8 GB are 8589934592); 0 is what the card has. Less leaves room for other programs.",
  }),
  derived_cache: Type.Integer({
    default: 8 * gigabyte,
    minimum: 0,
    description:
      "Bytes of derived weights (joined LoRA factors, unpacked PyTorch weights) that are kept on disk, below the cache folder (FOOOCUSD_CACHE_DIR).",
  }),
  threads: Type.Integer({
    default: 0,
    minimum: 0,
    maximum: 1024,
    description: "Threads of the networks; 0 takes all cores.",
  }),
  isolation: oneOf(["thread", "process"], {
    default: "process",
    description:
      "Where the engine runs: in a process of its own, whose crash fails one task and not the server, or in a thread of the server's, which saves about 70 MB.",
  }),
  upscaler: Type.String({
    default: "",
    description:
      "File of the upscale_models folder that enlarges pictures; empty takes Fooocus' own (fooocus_upscaler_s409985e5.bin), else the demo's.",
  }),
  upscale_without_model: oneOf(["refuse", "lanczos"], {
    default: "refuse",
    description:
      "What becomes of a picture to be enlarged where there is no upscaler: its request is refused, or Lanczos enlarges it and the record's warnings say so.",
  }),
  noise: oneOf(noiseRules, {
    default: "gpu",
    description: "Which device's random numbers per-step noise follows.",
  }),
  ...fleetSettings,
  queue_limit: Type.Integer({
    default: 100,
    minimum: 1,
    description: "Tasks that may wait; more are refused with 429.",
  }),
  idempotency_hours: Type.Integer({
    default: 24,
    minimum: 1,
    maximum: 8760,
    description: "How long the Idempotency-Key of a request is known after its task has ended.",
  }),
  disk_reserve: Type.Integer({
    default: gigabyte / 2,
    minimum: 0,
    description:
      "Bytes that stay free on the disks of outputs and inputs: a request that would leave less is refused with 507. What was accepted is made all the same, down to an eighth of it; then tasks wait for room. 0 looks at nothing.",
  }),
  keep_days: Type.Integer({
    default: 0,
    minimum: 0,
    maximum: 36_500,
    description:
      "Days after its end for which a task is kept; then it is deleted with its pictures and inputs. 0 keeps all. Inputs that no task names go a day after they came, wherever one of the three limits is set.",
  }),
  keep_tasks: Type.Integer({
    default: 0,
    minimum: 0,
    description: "Tasks that have ended and are kept; those that ended longest ago are deleted. 0 keeps all.",
  }),
  keep_pictures_bytes: Type.Integer({
    default: 0,
    minimum: 0,
    description:
      "Bytes of pictures of tasks that have ended and are kept; those that ended longest ago are deleted. 0 keeps all.",
  }),
  persistent: Type.Boolean({
    default: false,
    description: "The legacy Fooocus-API's job-history shows parameters and results too.",
  }),
  webhook_url: Type.String({
    default: "",
    description: "Where finished records are posted when a request names no address.",
  }),
  webhook_secret: Type.String({
    default: "",
    description: "Signs webhooks (Standard Webhooks); starts with whsec_ or is any text.",
  }),
  webhook_text: Type.Boolean({
    default: false,
    description: "Post the record as a JSON string, as FooocusAPI does.",
  }),
  allow_private_fetch: Type.Boolean({
    default: false,
    description: "Fetch images from, and post webhooks to, private addresses too.",
  }),
  cors_origins: Type.Array(Type.String(), {
    default: [],
    description:
      "Web origins that may read answers, and change things where browser_guard is on; * or none lets all read.",
  }),
  allowed_hosts: Type.Array(Type.String(), {
    default: [],
    description: "Names in the Host header, beside base_url's, that browser_guard takes for this server's.",
  }),
  browser_guard: oneOf(["auto", "on", "off"], {
    default: "auto",
    description:
      "Refuses foreign Host headers, and changes by web pages of other sites; auto: without a key on a loopback address.",
  }),
  web_dir: Type.String({
    default: "",
    description:
      "Folder with a page of your own (index.html and what it loads), served at /dashboard/ instead of ours.",
  }),
  protect_files: Type.Boolean({
    default: false,
    description: "Ask for the key on /outputs and /inputs too.",
  }),
  shutdown_seconds: Type.Integer({
    default: 30,
    minimum: 0,
    maximum: 3600,
    description: "How long a stop waits for the picture at hand.",
  }),
  disable_metadata: Type.Boolean({
    default: false,
    description: "Never write into images how they were made.",
  }),
  created_by: Type.String({ default: "", description: "Written into images as their maker." }),
  log_level: oneOf(logLevels, {
    default: "info",
    description: "Least serious level that is printed.",
  }),
  log_format: oneOf(logFormats, {
    default: "text",
    description: "How lines of the log are written: for people, or as JSON objects for what collects them.",
  }),
});

/** Generation defaults in Fooocus' words: `config.txt` stands below `--preset`, the environment above it. */
export type FooocusSources = Readonly<{ file: FooocusKeys; environment: FooocusKeys }>;

/** The settings of a server, all of them, frozen. */
export type Config = Readonly<Static<typeof ConfigSchema>> &
  Readonly<{
    fooocusKeys: FooocusSources;
    /** Whether `also_port` follows from `--port` alone, and nobody named it. */
    impliedPort: boolean;
  }>;
export type ConfigKey = keyof Static<typeof ConfigSchema>;
