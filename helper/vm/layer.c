#include "base/error.h"

/* Keeps the library from being empty until its first module. */
int bk_vm_layer (void);
int
bk_vm_layer (void)
{
  return 0;
}
