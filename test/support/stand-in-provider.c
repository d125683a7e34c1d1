/* A CUDA provider that does what it was built to do when ONNX Runtime loads it: AT_LOAD is a statement. */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* Both are asked of the shared half, which hands the runtime's own functions to providers. */
void *Provider_GetHost(void) { return NULL; }
void Provider_SetHost(void *host) { (void)host; }

void *GetProvider(void) {
  AT_LOAD;
  return NULL;
}
