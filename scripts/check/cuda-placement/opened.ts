import { readFileSync, writeSync } from "node:fs";
import { createRequire } from "node:module";

/**
 * Started by place.ts, with the stand-ins on the linker's path: opens graphs on CUDA, one after the other, and tells the provider's own log, a line
 * `== GRAPH` before each. Arguments: a folder with onnxruntime-node beside its CUDA provider, the folder of the weights, and the graphs.
 */
const [packages = "", weights = "", ...models] = process.argv.slice(2);
const ort = createRequire(`${packages}/package.json`)("onnxruntime-node");
for (const model of models) {
  for (const stream of [1, 2]) writeSync(stream, `== ${model}\n`);
  const session = await ort.InferenceSession.create(readFileSync(model), {
    executionProviders: ["cuda"],
    logSeverityLevel: 0,
    logVerbosityLevel: 1,
    enableMemPattern: false,
    extra: {
      session: {
        model_external_initializers_file_folder_path: weights,
        use_device_allocator_for_initializers: "1",
      },
    },
  });
  await session.release();
  writeSync(1, "opened\n");
}
