#include "format/domain-xml.h"
#include "model/vm.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *xml = g_strndup ((const char *) data, size);
  g_autoptr (BkVm) vm = bk_vm_new ("name", "uuid");
  g_autofree char *nvram = NULL;
  g_autofree char *format = NULL;
  g_autofree char *backing_path = NULL;
  gboolean has_tpm;
  uid_t uid;
  gid_t gid;

  if (bk_domain_xml_read_disks (xml, vm, NULL))
    {
      for (guint i = 0; i < vm->disks->len; i++)
        bk_vm_disk_ability (g_ptr_array_index (vm->disks, i), NULL);
    }
  bk_domain_xml_read_nvram (xml, &nvram, NULL);
  bk_domain_xml_has_tpm (xml, &has_tpm, NULL);
  bk_domain_xml_read_writer (xml, &uid, &gid);
  bk_volume_xml_read (xml, &format, &backing_path, NULL);
  return 0;
}
