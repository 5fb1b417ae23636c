#pragma once

#include "model/vm.h"

char *bk_vm_find_former_name (const char *repository_dir, const BkVm *vm);
