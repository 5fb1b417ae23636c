#pragma once

#include "model/vm.h"

#include <sys/types.h>

/*
 * libvirt's domain XML (and its storage volumes'), read for what a backup has to know: the disks, and the files beside them
 * (NVRAM). It comes from libvirt, but guests' owners write it: links to external entities are
 * never followed.
 */

gboolean bk_domain_xml_read_disks (const char *xml, BkVm *vm, GError **error);
gboolean bk_domain_xml_has_tpm (const char *xml, gboolean *has_tpm, GError **error);
gboolean bk_domain_xml_read_nvram (const char *xml, char **path, GError **error);
gboolean bk_domain_xml_read_writer (const char *xml, uid_t *uid, gid_t *gid);
gboolean bk_volume_xml_read (const char *xml, char **format, char **backing_path, GError **error);
