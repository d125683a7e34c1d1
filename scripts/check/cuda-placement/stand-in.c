/*
 * Stands in for NVIDIA's libraries (cudart, cuBLAS, cuBLASLt, cuRAND, cuDNN, the driver), so that ONNX Runtime's own CUDA provider opens networks
 * on a machine without a card: it places nodes, optimises the graph, picks attention kernels and asks for memory as it would on one.
 * Nothing is computed: kernels are launched into the void, and what is asked for is address space that nobody touches. Functions
 * that are not here answer 0, which is success (make-stand-in.ts).
 *
 * STAND_IN_CAPABILITY is the card's compute capability (86), STAND_IN_TRACE tells each allocation on standard error.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { slots = 1 << 16, page = 4096, copied = 1 << 22 };
static const size_t memory = (size_t)24 << 30;

static struct { void *at; size_t bytes; } blocks[slots];
static size_t now;
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

static int capability(void) {
  const char *said = getenv("STAND_IN_CAPABILITY");
  return said ? atoi(said) : 86;
}

int cudaMalloc(void **out, size_t bytes) {
  size_t whole = bytes == 0 ? page : (bytes + page - 1) / page * page;
  void *at = mmap(0, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) return 2;
  pthread_mutex_lock(&turn);
  for (int i = 0; i < slots; i++)
    if (blocks[i].at == 0) {
      blocks[i].at = at;
      blocks[i].bytes = whole;
      break;
    }
  now += whole;
  if (getenv("STAND_IN_TRACE")) fprintf(stderr, "stand-in: %zu bytes, %zu in all\n", bytes, now);
  pthread_mutex_unlock(&turn);
  *out = at;
  return 0;
}

int cudaFree(void *at) {
  pthread_mutex_lock(&turn);
  for (int i = 0; i < slots && at; i++)
    if (blocks[i].at == at) {
      munmap(at, blocks[i].bytes);
      now -= blocks[i].bytes;
      blocks[i].at = 0;
      break;
    }
  pthread_mutex_unlock(&turn);
  return 0;
}

int cudaMemGetInfo(size_t *left, size_t *all) { *all = memory; *left = memory - now; return 0; }
int cudaMallocHost(void **out, size_t bytes) { *out = malloc(bytes); return 0; }
int cudaHostAlloc(void **out, size_t bytes, unsigned flags) { *out = malloc(bytes); return 0; }
int cudaFreeHost(void *at) { free(at); return 0; }
/* Small ones are shapes that the host reads back; the large ones are weights and pictures, which nobody does. */
int cudaMemcpy(void *to, const void *from, size_t bytes, int kind) { if (bytes <= copied) memcpy(to, from, bytes); return 0; }
int cudaMemcpyAsync(void *to, const void *from, size_t bytes, int kind, void *stream) { return cudaMemcpy(to, from, bytes, kind); }

int cudaGetDevice(int *device) { *device = 0; return 0; }
int cudaGetDeviceCount(int *count) { *count = 1; return 0; }
int cudaDriverGetVersion(int *version) { *version = 13000; return 0; }
int cudaRuntimeGetVersion(int *version) { *version = 13000; return 0; }

/* Fields by their places in cudaDeviceProp of CUDA 13. */
int cudaGetDeviceProperties(char *p, int device) {
  memset(p, 0, 1008);
  strcpy(p, "stand-in");
  *(size_t *)(p + 288) = memory;
  *(size_t *)(p + 296) = 49152;
  *(int *)(p + 304) = 65536;
  *(int *)(p + 308) = 32;
  *(int *)(p + 320) = 1024;
  int sizes[6] = {1024, 1024, 64, 0x7fffffff, 65535, 65535};
  memcpy(p + 324, sizes, sizeof sizes);
  *(int *)(p + 360) = capability() / 10;
  *(int *)(p + 364) = capability() % 10;
  *(int *)(p + 384) = 82;
  return 0;
}

int cudaDeviceGetAttribute(int *value, int attribute, int device) {
  switch (attribute) {
    case 1: *value = 1024; break;
    case 10: *value = 32; break;
    case 16: *value = 82; break;
    case 39: *value = 1536; break;
    case 75: *value = capability() / 10; break;
    case 76: *value = capability() % 10; break;
    case 97: *value = 101376; break;
    default: *value = 0;
  }
  return 0;
}

const char *cudaGetErrorString(int error) { return "stand-in"; }
const char *cudaGetErrorName(int error) { return "stand-in"; }
const char *cublasGetStatusName(int status) { return "stand-in"; }
const char *cublasGetStatusString(int status) { return "stand-in"; }
const char *cudnnGetErrorString(int status) { return "stand-in"; }

static int handle(void **out) { *out = calloc(1, 256); return 0; }
int cudaStreamCreate(void **out) { return handle(out); }
int cudaStreamCreateWithFlags(void **out, unsigned flags) { return handle(out); }
int cudaEventCreate(void **out) { return handle(out); }
int cudaEventCreateWithFlags(void **out, unsigned flags) { return handle(out); }
int cudaStreamIsCapturing(void *stream, int *state) { *state = 0; return 0; }
void *__cudaRegisterFatBinary(void *binary) { static void *none; return &none; }
int cublasCreate_v2(void **out) { return handle(out); }
int cublasGetMathMode(void *cublas, int *mode) { *mode = 0; return 0; }
int cublasLtCreate(void **out) { return handle(out); }
int cublasLtMatmulDescCreate(void **out, int compute, int scale) { return handle(out); }
int cublasLtMatmulPreferenceCreate(void **out) { return handle(out); }
int cublasLtMatrixLayoutCreate(void **out, int type, uint64_t rows, uint64_t columns, int64_t stride) { return handle(out); }
int cublasLtMatrixTransformDescCreate(void **out, int type) { return handle(out); }
int cublasLtMatmulAlgoGetHeuristic(void *lt, void *what, void *a, void *b, void *c, void *d, void *how, int most, void *found, int *count) {
  memset(found, 0, 128);
  *count = 1;
  return 0;
}

size_t cudnnGetVersion(void) { return 91400; }
size_t cudnnGetCudartVersion(void) { return 13000; }
int cudnnCreate(void **out) { return handle(out); }
int cudnnBackendCreateDescriptor(int type, void **out) { return handle(out); }
/* One engine for everything, without a workspace. */
int cudnnBackendGetAttribute(void *of, int name, int type, int64_t most, int64_t *count, void *out) {
  enum { int64 = 3, descriptor = 15 };
  if (count) *count = 1;
  if (out && most >= 1) {
    if (type == int64) *(int64_t *)out = 0;
    else if (type != descriptor) memset(out, 0, 4);
  }
  return 0;
}
