#pragma once

#include <glib.h>
#include <sys/types.h>

/* libvirt's <capabilities>: what is said there about the host. */

gboolean bk_dac_label_parse (const char *label, uid_t *uid, gid_t *gid);
gboolean bk_host_xml_read_writer (const char *xml, uid_t *uid, gid_t *gid);
