// Must stay the first import: it unpacks and opens the native libraries before anything that needs them loads.
import "#/native/preload.ts";
import { surviveLostReaders } from "#/lib/line-writer.ts";
import { createLog } from "#/lib/log.ts";
import { cudaPlace } from "#/native/cuda/folder.ts";
import { lookAtCuda } from "#/native/cuda/look.ts";
import { memoryOf } from "#/native/cuda/memory-of.ts";
import { prepareCuda } from "#/native/cuda/prepare.ts";
import { libraryFolder } from "#/native/libraries.ts";
import { tryDevice } from "#/native/try-device.ts";
import { openContext } from "#/pipeline/context.ts";
import { openPort } from "./port.ts";
import { type OpenContext, serveEngine } from "./serve.ts";

const open: OpenContext = (settings, send, atHand) => {
  const { logLevel = "info", logFormat = "text" } = settings;
  const log = createLog(logLevel, { format: logFormat, part: "engine", about: () => ({ task: atHand() }) });
  const place = cudaPlace(settings.cudaLibraries ?? "");
  const asks = settings.providers !== "auto";
  return openContext(settings, send, log, {
    readied: async (device) => {
      if (device === "cpu") return undefined;
      if (device === "cuda") return await prepareCuda({ place, asks }, libraryFolder(), tryDevice);
      const reason = await tryDevice(device);
      return reason === undefined ? undefined : { reason, expected: true };
    },
    memory: async (device) => (device === "cuda" ? memoryOf(await lookAtCuda({ place, asks })) : undefined),
  });
};

surviveLostReaders();
openPort((port) => serveEngine(port, open));
