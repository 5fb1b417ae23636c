#pragma once

#include "vm/hypervisor.h"

/* The XML that libvirt's backup and checkpoint calls take (formatbackup, formatcheckpoint). */

char *bk_backup_xml_new (const BkVmBackup *backup, const BkVm *vm);
char *bk_checkpoint_xml_new (const BkVmBackup *backup, const BkVm *vm);
char *
bk_bitmap_xml_new (const char *name, const char *target, gint64 usecs, const char *domain_xml);
char *bk_backup_xml_target_file (const char *xml);
GPtrArray *bk_checkpoint_xml_read (const char *xml, gboolean is_sized, GError **error);
