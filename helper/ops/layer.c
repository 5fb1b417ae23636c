#include "base/error.h"

/* Keeps the library from being empty until its first module. */
int bk_ops_layer (void);
int
bk_ops_layer (void)
{
  return 0;
}
