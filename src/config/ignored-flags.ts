const ownDownloads = "files are fetched by the command pull, and for presets with always_download";
const ownPage = "page and API are one server, which opens no browser";
const ownMemory = "weights stay where they are, and memory_budget says how much stays open";
const ownPrecision = "a checkpoint is used with the numbers its file has";
const ownKernels = "ONNX Runtime chooses how things are computed";
const ownAllocation = "ONNX Runtime allocates for itself";
const ownLog = "log_level says what is printed";
const providers = "providers names what computes, threads how many threads it takes";

/** Flags with one reason. */
const because = (reason: string, flags: string): readonly (readonly [string, string])[] =>
  flags.split(" ").map((flag) => [flag, reason]);

/**
 * Flags that change nothing here, and why: those of FooocusAPI and the legacy Fooocus-API, and all that Fooocus 2.5.5 takes
 * at its start and has no equal here.
 */
export const ignoredFlags: ReadonlyMap<string, string> = new Map([
  ...because(ownPage, "--nowebui --in-browser --disable-in-browser --is-windows-embedded-python"),
  ...because("pictures are kept in outputs and inputs alone", "--temp-path"),
  ...because("pictures are always kept, so that their addresses work", "--disable-image-log"),
  ...because(ownDownloads, "--disable-preset-download --always-download-new-model"),
  ...because("there are no packages to install", "--skip-pip"),
  ...because("the history keeps everything", "--queue-history"),
  ...because("a network is opened by the first task that needs it", "--preload-pipeline"),
  ...because(
    "a file is hashed when it is first asked for, and again when it changes",
    "--rebuild-hash-cache",
  ),
  ...because("nothing is published: host says who is let in", "--share"),
  ...because("the page has its own look and language", "--theme --language --disable-preset-selection"),
  ...because("nothing is reported to anybody", "--disable-analytics"),
  ...because("pictures come in the order they were made", "--disable-enhance-output-sorting"),
  ...because("a picture is described when one asks for it", "--enable-auto-describe-image"),
  ...because("cors_origins, allowed_hosts and browser_guard say who is let in", "--disable-header-check"),
  ...because("a body may have 128 MiB", "--web-upload-size"),
  ...because("models names the folders that are searched", "--external-working-path"),
  ...because("the variable FOOOCUSD_CACHE_DIR names the cache", "--cache-path"),
  ...because("the variable CUDA_VISIBLE_DEVICES chooses a card", "--gpu-device-id"),
  ...because(providers, "--always-gpu --always-cpu --directml --vae-in-cpu --disable-ipex-hijack"),
  ...because(ownMemory, "--always-high-vram --always-normal-vram --always-low-vram --always-no-vram"),
  ...because(ownMemory, "--always-offload-from-vram --disable-offload-from-vram"),
  ...because(ownPrecision, "--all-in-fp32 --all-in-fp16 --unet-in-bf16 --unet-in-fp16 --unet-in-fp8-e4m3fn"),
  ...because(ownPrecision, "--unet-in-fp8-e5m2 --vae-in-fp16 --vae-in-fp32 --vae-in-bf16"),
  ...because(ownPrecision, "--clip-in-fp8-e4m3fn --clip-in-fp8-e5m2 --clip-in-fp16 --clip-in-fp32"),
  ...because(ownKernels, "--attention-split --attention-quad --attention-pytorch --disable-attention-upcast"),
  ...because(ownKernels, "--disable-xformers --pytorch-deterministic"),
  ...because(ownAllocation, "--async-cuda-allocation --disable-async-cuda-allocation"),
  ...because("a request says disable_preview if it wants no previews", "--preview-option"),
  ...because(ownLog, "--debug-mode --disable-server-log --disable-server-info"),
  ...because("everybody has the same queue, and the page shows it", "--multi-user"),
]);

/** Of these, those that take several values. */
export const manyValued: readonly string[] = ["--external-working-path"];
