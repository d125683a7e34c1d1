/* A driver without a card: answers what its environment says, of the calls that are made before anything is computed. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static long said(const char *name, long usual) {
  const char *text = getenv(name);
  return text == NULL ? usual : atol(text);
}

/* What cuInit does: its answer, -1 a crash, -2 no end. */
int cuInit(unsigned flags) {
  long answer = said("DRIVER_INIT", 0);
  if (answer == -1) raise(SIGSEGV);
  while (answer == -2) sleep(1);
  return (int)answer;
}
int cuDriverGetVersion(int *version) { *version = (int)said("DRIVER_CUDA", 13000); return 0; }
/* The cards that CUDA_VISIBLE_DEVICES leaves, by their numbers; up to the first one that is none, as the driver has it. */
static int shown(int *cards) {
  int all = (int)said("DRIVER_CARDS", 1), count = 0;
  const char *at = getenv("CUDA_VISIBLE_DEVICES");
  for (int i = 0; at == NULL && i < all; i++) cards[count++] = i;
  while (at != NULL && *at >= '0' && *at <= '9' && atoi(at) < all && count < 16) {
    cards[count++] = atoi(at);
    at = strchr(at, ',');
    if (at != NULL) at++;
  }
  return count;
}
int cuDeviceGetCount(int *count) { int cards[16]; *count = shown(cards); return 0; }
int cuDeviceGet(int *device, int index) { int cards[16]; *device = index < shown(cards) ? cards[index] : 0; return 0; }
int cuDeviceGetName(char *name, int size, int device) { snprintf(name, (size_t)size, "Stand-in %d", device); return 0; }
/* Of one card as `DRIVER_TOTAL_1`. */
int cuDeviceTotalMem_v2(size_t *bytes, int device) {
  char name[32];
  snprintf(name, sizeof name, "DRIVER_TOTAL_%d", device);
  *bytes = (size_t)said(name, said("DRIVER_TOTAL", 12000000000));
  return 0;
}
int cuDeviceGetPCIBusId(char *bus, int size, int device) { snprintf(bus, (size_t)size, "0000:01:00.0"); return 0; }
int cuDeviceGetAttribute(int *value, int attribute, int device) {
  long capability = said("DRIVER_CAPABILITY", 86);
  *value = (int)(attribute == 75 ? capability / 10 : capability % 10);
  return 0;
}
int cuGetErrorString(int code, const char **text) { *text = code == 803 ? "system has unsupported display driver / cuda driver combination" : "an error of the stand-in"; return 0; }

/* CUDA's runtime asks for everything by name; what is not above fails. */
static int fails(void) { return (int)said("DRIVER_REST", 999); }
int cuTensorMapEncodeTiled(void) { return fails(); }
int cuGetProcAddress_v2(const char *name, void **call, int version, unsigned long long flags, int *found) {
  if (found != NULL) *found = 0;
  if (!strcmp(name, "cuInit")) *call = (void *)cuInit;
  else if (!strcmp(name, "cuDriverGetVersion")) *call = (void *)cuDriverGetVersion;
  else if (!strcmp(name, "cuDeviceGetCount")) *call = (void *)cuDeviceGetCount;
  else if (!strcmp(name, "cuGetProcAddress")) *call = (void *)cuGetProcAddress_v2;
  else *call = (void *)fails;
  return 0;
}
int cuGetProcAddress(const char *name, void **call, int version, unsigned long long flags) {
  return cuGetProcAddress_v2(name, call, version, flags, NULL);
}

/* The management library, in the same file under another name. */
int nvmlInit_v2(void) { return (int)said("DRIVER_NVML", 0); }
int nvmlSystemGetDriverVersion(char *text, unsigned size) {
  const char *version = getenv("DRIVER_VERSION");
  snprintf(text, size, "%s", version == NULL ? "580.65.06" : version);
  return 0;
}
int nvmlDeviceGetHandleByPciBusId_v2(const char *bus, void **device) { *device = NULL; return strcmp(bus, "0000:01:00.0"); }
int nvmlDeviceGetMemoryInfo(void *device, unsigned long long *memory) {
  memory[0] = (unsigned long long)said("DRIVER_TOTAL", 12000000000);
  memory[1] = (unsigned long long)said("DRIVER_FREE", 11000000000);
  memory[2] = memory[0] - memory[1];
  return 0;
}
