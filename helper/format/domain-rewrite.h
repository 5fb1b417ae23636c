#pragma once

#include <glib.h>

/* What is different in the VM that a backup is restored as. */
typedef struct
{
  const char *name;
  const char *uuid;       /* (nullable) NULL: libvirt chooses one */
  GHashTable *disks;      /* (element-type utf8 filename) target → path of its image, qcow2 */
  const char *nvram_path; /* (nullable) where its own UEFI variables are; NULL: made anew */
} BkDomainRewrite;

char *bk_domain_xml_rewrite (const char *xml, const BkDomainRewrite *rewrite, GError **error);
