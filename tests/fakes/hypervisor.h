#pragma once

#include "base/error.h"
#include "vm/hypervisor.h"

/*
 * A hypervisor of one VM in memory, which a test hands to an operation and then asks what was done. Its
 * copies are what the targets are when they are made: empty images.
 */
#define FAKE_TYPE_HYPERVISOR (fake_hypervisor_get_type ())
G_DECLARE_FINAL_TYPE (FakeHypervisor, fake_hypervisor, FAKE, HYPERVISOR, GObject)

struct _FakeHypervisor
{
  GObject parent_instance;

  BkVm *vm;
  GPtrArray *checkpoints; /* of char *, the oldest first */
  GPtrArray *recorded;    /* (nullable) of BkRecordedDisk: what each checkpoint records */
  GString *calls;         /* a word each */
  char *tpm_directory;    /* (nullable) */
  char *xml;              /* (nullable): its definition says nothing */

  /* How the next calls end. */
  GQueue begins;    /* how each begin_backup() ends; then it succeeds */
  int wait_fails;   /* a BkError; -1: it succeeds */
  int delete_fails; /* of a checkpoint with its bitmap: a BkError; -1: it succeeds */
  int bitmap_fails; /* the same of a bitmap, whose checkpoint stays */
  BkFreeze freezes;
  gboolean thaw_fails;
  gboolean limit_fails;
  guint starts_at_look; /* the VM is found running from the n-th look by its UUID on; 0: never */
  char *backing;        /* (nullable) what the copies name, whatever they continue */
  char *running_file;   /* (nullable) of a backup that somebody has running */
};

FakeHypervisor *fake_hypervisor_new (const char *name, const char *uuid);
BkVmDisk *fake_hypervisor_add_disk (FakeHypervisor *self, const char *target, const char *format);
void fake_hypervisor_fail_begin (FakeHypervisor *self, BkError code, const char *lost_disk);
char *fake_hypervisor_take_calls (FakeHypervisor *self);
