#pragma once

#include "fakes/hypervisor.h"
#include "ops/vm/backup.h"

/* A repository, and a VM of three disks (vdc is raw) on a hypervisor that does what the test says. */
typedef struct
{
  char *root;
  BkRepository *repository;
  FakeHypervisor *hypervisor;
  BkVmBackupRequest request;
} VmProject;

void vm_project_set_up (VmProject *project, gconstpointer data);
void vm_project_set_up_cycle (VmProject *project, gconstpointer data);
void vm_project_tear_down (VmProject *project, gconstpointer data);
char *vm_project_back_up (VmProject *project, const char *step, GError **error);
void vm_project_expect (VmProject *project, const char *step, const char *calls);
void vm_project_expect_failure (VmProject *project, BkError code, const char *calls);
guint vm_project_count_completed (VmProject *project, guint *failed_count);
guint vm_project_count (VmProject *project);
char *vm_project_id_of (VmProject *project, const char *part);
