#include "vm/backup-xml.h"
#include "vm/libvirt-private.h"

#include <stdlib.h>

static GStrv
list_checkpoints (BkHypervisor *hypervisor, const char *uuid, GError **error)
{
  autodomain virDomainPtr domain = bk_libvirt_domain (BK_LIBVIRT (hypervisor), uuid, error);
  virDomainCheckpointPtr *checkpoints = NULL;

  if (domain == NULL)
    return NULL;

  int count = virDomainListAllCheckpoints (domain, &checkpoints, 0);
  if (count < 0)
    {
      bk_libvirt_set_error (error, "The checkpoints of the VM “%s” cannot be listed",
                            virDomainGetName (domain));
      return NULL;
    }

  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  for (int i = 0; i < count; i++)
    {
      g_strv_builder_add (names, virDomainCheckpointGetName (checkpoints[i]));
      virDomainCheckpointFree (checkpoints[i]);
    }
  free (checkpoints);
  return g_strv_builder_end (names);
}

/* With sizes, which tell lost bitmaps too, where the VM runs and no job holds it up. */
static char *
dump_checkpoint (virDomainPtr domain, virDomainCheckpointPtr checkpoint, gboolean *is_sized)
{
  virDomainJobInfo info;
  char *xml = NULL;

  *is_sized = FALSE;
  if (virDomainIsActive (domain) == 1 && virDomainGetJobInfo (domain, &info) == 0 &&
      info.type == VIR_DOMAIN_JOB_NONE)
    xml = virDomainCheckpointGetXMLDesc (checkpoint, VIR_DOMAIN_CHECKPOINT_XML_NO_DOMAIN |
                                                         VIR_DOMAIN_CHECKPOINT_XML_SIZE);
  if (xml != NULL)
    *is_sized = TRUE;
  else
    xml = virDomainCheckpointGetXMLDesc (checkpoint, VIR_DOMAIN_CHECKPOINT_XML_NO_DOMAIN);
  return xml;
}

static GPtrArray *
get_recorded (BkHypervisor *hypervisor, const char *uuid, const char *name, GError **error)
{
  autodomain virDomainPtr domain = bk_libvirt_domain (BK_LIBVIRT (hypervisor), uuid, error);
  gboolean is_sized;

  if (domain == NULL)
    return NULL;

  virDomainCheckpointPtr checkpoint = virDomainCheckpointLookupByName (domain, name, 0);
  if (checkpoint == NULL && virGetLastErrorCode () == VIR_ERR_NO_DOMAIN_CHECKPOINT)
    return NULL;

  char *xml = checkpoint == NULL ? NULL : dump_checkpoint (domain, checkpoint, &is_sized);
  GPtrArray *recorded = xml == NULL ? NULL : bk_checkpoint_xml_read (xml, is_sized, error);
  if (xml == NULL)
    bk_libvirt_set_error (error, "The checkpoint “%s” of the VM “%s” cannot be read", name,
                          virDomainGetName (domain));
  if (checkpoint != NULL)
    virDomainCheckpointFree (checkpoint);
  free (xml);
  return recorded;
}

static gboolean
delete_with_flags (BkHypervisor *hypervisor,
                   const char *uuid,
                   const char *name,
                   unsigned int flags,
                   GError **error)
{
  autodomain virDomainPtr domain = bk_libvirt_domain (BK_LIBVIRT (hypervisor), uuid, error);
  if (domain == NULL)
    return FALSE;

  virDomainCheckpointPtr checkpoint = virDomainCheckpointLookupByName (domain, name, 0);
  if (checkpoint == NULL && virGetLastErrorCode () == VIR_ERR_NO_DOMAIN_CHECKPOINT)
    return TRUE;

  int result = checkpoint == NULL ? -1 : virDomainCheckpointDelete (checkpoint, flags);
  if (result < 0)
    bk_libvirt_set_error (error, "The checkpoint “%s” of the VM “%s” cannot be deleted", name,
                          virDomainGetName (domain));
  if (checkpoint != NULL)
    virDomainCheckpointFree (checkpoint);
  return result == 0;
}

static gboolean
delete_checkpoint (BkHypervisor *hypervisor, const char *uuid, const char *name, GError **error)
{
  return delete_with_flags (hypervisor, uuid, name, 0, error);
}

static gboolean
drop_checkpoint_record (BkHypervisor *hypervisor,
                        const char *uuid,
                        const char *name,
                        GError **error)
{
  return delete_with_flags (hypervisor, uuid, name, VIR_DOMAIN_CHECKPOINT_DELETE_METADATA_ONLY,
                            error);
}

/* libvirt takes out of an image only what it knows: it is told of the bitmap again, to delete it. */
static gboolean
delete_bitmap (BkHypervisor *hypervisor,
               const char *uuid,
               const char *name,
               const char *target,
               GError **error)
{
  autodomain virDomainPtr domain = bk_libvirt_domain (BK_LIBVIRT (hypervisor), uuid, error);
  if (domain == NULL)
    return FALSE;

  char *domain_xml = virDomainGetXMLDesc (domain, 0);
  g_autofree char *xml =
      domain_xml == NULL ? NULL : bk_bitmap_xml_new (name, target, g_get_real_time (), domain_xml);
  virDomainCheckpointPtr checkpoint =
      xml == NULL
          ? NULL
          : virDomainCheckpointCreateXML (domain, xml, VIR_DOMAIN_CHECKPOINT_CREATE_REDEFINE);
  gboolean deleted = checkpoint != NULL && virDomainCheckpointDelete (checkpoint, 0) == 0;

  free (domain_xml);
  if (!deleted)
    bk_libvirt_set_error (error, "The bitmap “%s” cannot be taken out of the disk “%s” of “%s”",
                          name, target, virDomainGetName (domain));
  if (checkpoint != NULL && !deleted)
    virDomainCheckpointDelete (checkpoint, VIR_DOMAIN_CHECKPOINT_DELETE_METADATA_ONLY);
  if (checkpoint != NULL)
    virDomainCheckpointFree (checkpoint);
  return deleted;
}

void
bk_libvirt_checkpoint_iface (BkHypervisorInterface *iface)
{
  iface->list_checkpoints = list_checkpoints;
  iface->get_recorded = get_recorded;
  iface->delete_checkpoint = delete_checkpoint;
  iface->drop_checkpoint_record = drop_checkpoint_record;
  iface->delete_bitmap = delete_bitmap;
}
