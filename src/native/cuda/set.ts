import { basename } from "node:path";

/** A shared library in a wheel. */
export type CudaLibrary = Readonly<{
  /** Where it lies in the wheel; the last part is the name that other libraries ask for. */
  path: string;
  bytes: number;
  /** Lower-case hex digits. */
  sha256: string;
}>;

/** A wheel of the Python Package Index, which is a zip file, and what is taken from it. */
export type Wheel = Readonly<{
  project: string;
  version: string;
  file: string;
  bytes: number;
  sha256: string;
  licence: string;
  libraries: readonly CudaLibrary[];
}>;

/** Libraries that belong together. */
export type CudaSet = Readonly<{
  /** Version of ONNX Runtime whose provider is in it: that of `onnxruntime-node`, or it is not loaded. */
  runtime: string;
  /** CUDA's major version: a driver that knows an older one cannot work with it. */
  cuda: number;
  /** The oldest driver for Linux that knows it, as NVIDIA's release notes name it. */
  driver: string;
  /** Least compute capability that its libraries hold code for: Turing. */
  capability: readonly [number, number];
  wheels: readonly Wheel[];
}>;

const cudaLicence = "NVIDIA's CUDA toolkit licence (https://docs.nvidia.com/cuda/eula/)";
const cudnnLicence =
  "NVIDIA's cuDNN licence (https://docs.nvidia.com/deeplearning/cudnn/latest/reference/eula.html)";

const wheels: readonly Wheel[] = [
  {
    project: "onnxruntime-gpu",
    version: "1.30.0",
    file: "onnxruntime_gpu-1.30.0-cp312-cp312-manylinux_2_28_x86_64.whl",
    bytes: 246_685_715,
    sha256: "6acc0f4b3d5ac5f2984432faa59dd8fcce6775f8b43a7140afa0f322c7a703b1",
    licence: "MIT",
    libraries: [
      {
        path: "onnxruntime/capi/libonnxruntime_providers_shared.so",
        bytes: 14_632,
        sha256: "086ec1d5388f64153d9c63470d126693db9a182c8ce236d3a1119068471b8a0d",
      },
      {
        path: "onnxruntime/capi/libonnxruntime_providers_cuda.so",
        bytes: 272_049_904,
        sha256: "35da2e7ed0dd0d1aec5cdb16ce11a51d06c0c48cf62d1b1c9332946a4fae14fc",
      },
    ],
  },
  {
    project: "nvidia-cuda-runtime",
    version: "13.0.96",
    file: "nvidia_cuda_runtime-13.0.96-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
    bytes: 2_243_632,
    sha256: "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
    licence: cudaLicence,
    libraries: [
      {
        path: "nvidia/cu13/lib/libcudart.so.13",
        bytes: 704_288,
        sha256: "96c42e418cec19054186b9429c321603cc190bf26a18104e19408117a2a817b0",
      },
    ],
  },
  {
    project: "nvidia-cublas",
    version: "13.1.0.3",
    file: "nvidia_cublas-13.1.0.3-py3-none-manylinux_2_27_x86_64.whl",
    bytes: 423_133_236,
    sha256: "ee8722c1f0145ab246bccb9e452153b5e0515fd094c3678df50b2a0888b8b171",
    licence: cudaLicence,
    libraries: [
      {
        path: "nvidia/cu13/lib/libcublas.so.13",
        bytes: 54_177_976,
        sha256: "e70f38efabe986acd5eb683497c62f0f1730a6176ee291d9d24c6e339d1fbf86",
      },
      {
        path: "nvidia/cu13/lib/libcublasLt.so.13",
        bytes: 541_595_600,
        sha256: "656298c804f5adbb0df930545c17911b9584ab4e5101c0eeb65d1fe881d880f8",
      },
    ],
  },
  {
    project: "nvidia-curand",
    version: "10.4.0.35",
    file: "nvidia_curand-10.4.0.35-py3-none-manylinux_2_27_x86_64.whl",
    bytes: 59_544_258,
    sha256: "1aee33a5da6e1db083fe2b90082def8915f30f3248d5896bcec36a579d941bfc",
    licence: cudaLicence,
    libraries: [
      {
        path: "nvidia/cu13/lib/libcurand.so.10",
        bytes: 132_698_328,
        sha256: "b53732a66b302b11926e00f762e2c2ba67058347ff93cf4ae709de45e93e06da",
      },
    ],
  },
  {
    project: "nvidia-cuda-nvrtc",
    version: "13.0.88",
    file: "nvidia_cuda_nvrtc-13.0.88-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl",
    bytes: 90_215_200,
    sha256: "ad9b6d2ead2435f11cbb6868809d2adeeee302e9bb94bcf0539c7a40d80e8575",
    licence: cudaLicence,
    libraries: [
      {
        path: "nvidia/cu13/lib/libnvrtc-builtins.so.13.0",
        bytes: 4_380_616,
        sha256: "91dcd944d01da9c0f08fff5d779db136a47f6d62bdb63bae900d2f481e92c3a2",
      },
      {
        path: "nvidia/cu13/lib/libnvrtc.so.13",
        bytes: 109_338_064,
        sha256: "a49e67e8e74590f1e98de55c39c6287efd3f59e3c3797464d7bbe0fe01349b11",
      },
    ],
  },
  {
    project: "nvidia-cudnn-cu13",
    version: "9.20.0.48",
    file: "nvidia_cudnn_cu13-9.20.0.48-py3-none-manylinux_2_27_x86_64.whl",
    bytes: 366_173_588,
    sha256: "0c45dd8eeb50b603f07995b1b300c62ffe6a1980482b82b3bcf94a4ca9d49304",
    licence: cudnnLicence,
    libraries: [
      {
        path: "nvidia/cudnn/lib/libcudnn.so.9",
        bytes: 129_240,
        sha256: "b88025af76979b3f1af208790195093684fe01cb8d190528856058f988016660",
      },
      {
        path: "nvidia/cudnn/lib/libcudnn_adv.so.9",
        bytes: 109_169_104,
        sha256: "7702094a50dbea5b8244df01af8e9d3565309d3996bbc8ca96b6c7a207d2d6bd",
      },
      {
        path: "nvidia/cudnn/lib/libcudnn_cnn.so.9",
        bytes: 4_203_904,
        sha256: "e830c5cba875ebeb8ed3cfde5cc038a2703692ce714a8a4ff28666ac8e2c5732",
      },
      {
        path: "nvidia/cudnn/lib/libcudnn_engines_precompiled.so.9",
        bytes: 245_391_920,
        sha256: "e5133109f710c215d72fdc8f1d9be187f4760f5f32e57cc8c57515ea9e91455e",
      },
      {
        path: "nvidia/cudnn/lib/libcudnn_engines_runtime_compiled.so.9",
        bytes: 29_386_664,
        sha256: "28db2a6f433a184e264d927b183c47ecaf72dc65ed58245a6d2380f980e29cd3",
      },
      {
        path: "nvidia/cudnn/lib/libcudnn_graph.so.9",
        bytes: 4_460_192,
        sha256: "35c099d318433a88d292775676a51a07d2dd152c3ae799b1c21a75b40f78e456",
      },
      {
        path: "nvidia/cudnn/lib/libcudnn_heuristic.so.9",
        bytes: 60_822_040,
        sha256: "a41eb9baa9ccc9e2d6c9f2ca226021b54c8ee2df4abf3a91e41687847b481228",
      },
      {
        path: "nvidia/cudnn/lib/libcudnn_ops.so.9",
        bytes: 39_855_888,
        sha256: "705d3dcf9b209fdbeeecd8aaec5fcd0f6f55de5661e1c1388b5a4b8fd29db7c3",
      },
    ],
  },
];

/**
 * What CUDA takes beside a driver: ONNX Runtime's provider and all that it opens for networks as we draw them. Sizes and hashes are
 * the index' own, compared with the files. The NVIDIA libraries are those of the toolkit 13.0.2, the oldest drivers can do with.
 * Not in it is what the provider opens for operators that no network has: cuFFT (for Fourier transforms alone), and nvJitLink, which
 * cuFFT alone asks for.
 */
export const cudaSet: CudaSet = {
  runtime: "1.30.0",
  cuda: 13,
  driver: "580.65.06",
  capability: [7, 5],
  wheels,
};

/** The name a library is asked for by. */
export const nameOf = ({ path }: CudaLibrary): string => basename(path);

/** All that a set takes from the network. */
export const bytesOf = (wheels: readonly Wheel[]): number =>
  wheels.reduce((sum, { bytes }) => sum + bytes, 0);

/** All that a set takes on the disk. */
export const unpackedBytes = (wheels: readonly Wheel[]): number =>
  wheels.flatMap(({ libraries }) => libraries).reduce((sum, { bytes }) => sum + bytes, 0);

/** The wheel that a library is taken from; other versions of CUDA have it in one of the same name, but for the number. */
export const wheelOf = (set: CudaSet, library: string): Wheel | undefined =>
  set.wheels.find(({ libraries }) => libraries.some((one) => nameOf(one) === library));
