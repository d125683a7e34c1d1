/** What the runtime says of a library of CUDA's that fails: signatures of C++, and among them a number and a sentence. */
const cudaFailure = /\b(CUDA|CUBLAS|CUDNN) failure (\d+): ([^;]+?)\s*;/;

/** What the runtime writes of a condition of its own: where it stands, its function, the condition, and then the sentence. */
const unmet = /\bwas false\. (\S[^\n]*)/;

/** What WebGPU says where a device's shaders know no half-precision numbers, `shader-f16` as its standard calls it. */
const withoutHalves = /\brequires f16 but the device does not support it/;

/** Of a sentence nobody wrote for readers, in characters. */
const longest = 300;

/** The runtime's words about a device, without the places in its source that they come from. */
export function shortWords(words: string): string {
  const [, library, code, sentence] = cudaFailure.exec(words) ?? [];
  if (library !== undefined)
    return `${library} failed: ${sentence} (${code}); fooocusd cuda tells what is there.`;
  if (withoutHalves.test(words))
    return "The device's shaders have no half-precision numbers (WebGPU's shader-f16), which most model files are made of: update the driver of the graphics card, or set providers to cpu.";
  const [first = ""] = (unmet.exec(words)?.[1] ?? words).split(/\n|\[with /);
  return first.length <= longest ? first : `${first.slice(0, longest)}…`;
}
