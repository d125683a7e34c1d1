import { expect, test } from "bun:test";
import type { Device } from "#/lib/devices.ts";
import { EngineError } from "#/lib/errors.ts";
import { chooseDevice } from "#/runtime/choose-device.ts";

/** A trial that notes what was tried, and fails for some. */
function trial(failing: Partial<Record<Device, string>>) {
  const tried: Device[] = [];
  const probe = async (device: Device): Promise<void> => {
    tried.push(device);
    const words = failing[device];
    if (words !== undefined) throw new Error(words);
  };
  return { tried, probe };
}

const ready = async () => undefined;

test("auto takes CUDA where it is ready and works, and tries nothing else", async () => {
  const { tried, probe } = trial({});
  expect(await chooseDevice("auto", ready, probe)).toEqual({ device: "cuda", refused: [] });
  expect(tried).toEqual(["cuda"]);
});

test("auto without CUDA is the CPU, and says what is lacking; nothing is tried", async () => {
  const { tried, probe } = trial({});
  const lack = { reason: "There is no driver.", expected: false };
  const { device, refused } = await chooseDevice("auto", async () => lack, probe);
  expect(device).toBe("cpu");
  expect(refused).toEqual([{ device: "cuda", ...lack }]);
  expect(tried).toEqual([]); // the CPU needs no trial
});

test("auto with libraries that do not work falls back to the CPU and keeps the reason", async () => {
  const { probe } = trial({ cuda: "no CUDA-capable device is detected" });
  expect(await chooseDevice("auto", ready, probe)).toEqual({
    device: "cpu",
    refused: [{ device: "cuda", reason: "no CUDA-capable device is detected", expected: true }],
  });
});

test("a list is an order of preference, each tried once", async () => {
  const { tried, probe } = trial({ webgpu: "no adapter" });
  const { device, refused } = await chooseDevice(["webgpu", "cuda", "cpu"], ready, probe);
  expect(device).toBe("cuda");
  expect(refused.map((one) => one.device)).toEqual(["webgpu"]);
  expect(tried).toEqual(["webgpu", "cuda"]);
});

test("a list of which nothing works is refused with every reason and the way out", async () => {
  const { probe } = trial({ cuda: "driver too old", webgpu: "no adapter" });
  const choice = chooseDevice(["cuda", "webgpu"], ready, probe);
  await expect(choice).rejects.toThrow(EngineError);
  await expect(choice).rejects.toThrow(
    "None of the configured providers can be used (cuda: driver too old; webgpu: no adapter). Name cpu too, in providers or engines, where the processor will do.",
  );
});

test("of the runtime's words for what CUDA says the sentence is kept, and the places in its source are not", async () => {
  const words =
    "A network could not be opened: /onnxruntime_src/onnxruntime/core/providers/cuda/cuda_call.cc:154 std::conditional_t<THRW, void, Status> " +
    "onnxruntime::CudaCall(ERRTYPE, const char*) [with ERRTYPE = cudaError; bool THRW = true] CUDA failure 100: no CUDA-capable device is detected ; GPU=-1 ; hostname=x ; expr=cudaSetDevice(info_.device_id);";
  const { refused } = await chooseDevice("auto", ready, trial({ cuda: words }).probe);
  expect(refused[0]?.reason).toBe(
    "CUDA failed: no CUDA-capable device is detected (100); fooocusd cuda tells what is there.",
  );
  const webgpu =
    "A network could not be opened: /onnxruntime_src/onnxruntime/core/providers/webgpu/webgpu_context.cc:136 Initialize(const Config&)::<lambda()> " +
    "adapter_result.status == RequestAdapterStatus::Success was false. Failed to get a WebGPU adapter.\n";
  expect((await chooseDevice(["webgpu", "cpu"], ready, trial({ webgpu }).probe)).refused[0]?.reason).toBe(
    "Failed to get a WebGPU adapter.",
  );
  const others = await chooseDevice("auto", ready, trial({ cuda: `Failed.\n${"x".repeat(900)}` }).probe);
  expect(others.refused[0]?.reason).toBe("Failed.");
});
