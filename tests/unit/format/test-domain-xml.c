#include "format/domain-xml.h"

#include "base/error.h"

#define DOMAIN(Devices) "<domain type='kvm'><devices>" Devices "</devices></domain>"

static void
test_disks (void)
{
  static const char xml[] = DOMAIN (
      "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/>"
      "<source file='/a &amp; b/ü,1.qcow2'/>"
      "<backingStore type='file'><format type='qcow2'/><source file='/below'/>"
      "<backingStore type='block'><format type='raw'/><source dev='/dev/x'/><backingStore/>"
      "</backingStore></backingStore><target dev='vda'/></disk>"
      "<disk type='volume' device='disk'><source pool='p' volume='v'/><target dev='vdb'/></disk>"
      "<disk type='network' device='disk'><source protocol='rbd' name='x'/><target dev='vdc'/>"
      "<shareable/></disk>"
      "<disk type='file' device='cdrom'><target dev='hda'/><readonly/></disk>"
      "<disk type='file'><source file='/t'/><target dev='vdd'/><transient/></disk>"
      "<disk type='file'><source file='/s'><encryption format='luks'/></source>"
      "<target dev='vde'/></disk>"
      "<disk type='file'><source file='/o'/><encryption format='luks'/><target dev='vdf'/></disk>"
      "<disk type='file'><source file='/without a target'/></disk>");
  static const struct
  {
    const char *target, *device, *type, *format, *path;
    const char *images[4];
    gboolean read_only, shareable, transient, encrypted;
  } expected[] = {
    { "vda",
      "disk",
      "file",
      "qcow2",
      "/a & b/ü,1.qcow2",
      { "file:/a & b/ü,1.qcow2", "file:/below", "block:/dev/x" } },
    { "vdb", "disk", "volume", "raw", NULL, { "volume:p/v" } },
    { "vdc", "disk", "network", "raw", NULL, { NULL }, .shareable = TRUE },
    { "hda", "cdrom", "file", "raw", NULL, { NULL }, .read_only = TRUE },
    { "vdd", "disk", "file", "raw", "/t", { "file:/t" }, .transient = TRUE },
    { "vde", "disk", "file", "raw", "/s", { "file:/s" }, .encrypted = TRUE },
    { "vdf", "disk", "file", "raw", "/o", { "file:/o" }, .encrypted = TRUE },
  };
  g_autoptr (BkVm) vm = bk_vm_new ("web1", "uuid");
  g_autoptr (GError) error = NULL;

  g_assert_true (bk_domain_xml_read_disks (xml, vm, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (vm->disks->len, ==, G_N_ELEMENTS (expected));
  for (guint i = 0; i < vm->disks->len; i++)
    {
      const BkVmDisk *disk = g_ptr_array_index (vm->disks, i);
      guint count = 0;

      g_assert_cmpstr (disk->target, ==, expected[i].target);
      g_assert_cmpstr (disk->device, ==, expected[i].device);
      g_assert_cmpstr (disk->source_type, ==, expected[i].type);
      g_assert_cmpstr (disk->format, ==, expected[i].format);
      g_assert_cmpstr (disk->path, ==, expected[i].path);
      g_assert_cmpint (disk->read_only, ==, expected[i].read_only);
      g_assert_cmpint (disk->shareable, ==, expected[i].shareable);
      g_assert_cmpint (disk->transient, ==, expected[i].transient);
      g_assert_cmpint (disk->encrypted, ==, expected[i].encrypted);
      for (; expected[i].images[count] != NULL; count++)
        g_assert_cmpstr (g_ptr_array_index (disk->images, count), ==, expected[i].images[count]);
      g_assert_cmpuint (disk->images->len, ==, count);
    }
}

static void
test_nvram (void)
{
  static const struct
  {
    const char *os;
    const char *path;
  } cases[] = {
    { "", NULL },
    { "<nvram template='/t'>/var/x_VARS.fd</nvram>", "/var/x_VARS.fd" },
    { "<nvram type='file'><source file='/var/y'/></nvram>", "/var/y" },
    { "<nvram template='/t'/>", NULL },
    { "<nvram>relative</nvram>", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *xml = g_strdup_printf ("<domain><os>%s</os></domain>", cases[i].os);
      g_autofree char *path = NULL;

      g_assert_true (bk_domain_xml_read_nvram (xml, &path, NULL));
      g_assert_cmpstr (path, ==, cases[i].path);
    }
}

static void
test_tpm (void)
{
  static const struct
  {
    const char *xml;
    gboolean has_tpm;
  } cases[] = {
    { DOMAIN (""), FALSE },
    { DOMAIN ("<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm>"), TRUE },
    { DOMAIN ("<tpm><backend type='passthrough'><device path='/dev/tpm0'/></backend></tpm>"),
      FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      gboolean has_tpm = !cases[i].has_tpm;

      g_assert_true (bk_domain_xml_has_tpm (cases[i].xml, &has_tpm, NULL));
      g_assert_cmpint (has_tpm, ==, cases[i].has_tpm);
    }
}

#define SECLABEL(model, content)                                                                   \
  "<seclabel type='dynamic' model='" model "' relabel='yes'>" content "</seclabel>"

static void
test_writer (void)
{
  static const struct
  {
    const char *xml;
    gboolean known;
    uid_t uid;
    gid_t gid;
  } cases[] = {
    { "<domain>" SECLABEL ("apparmor", "<label>libvirt-1</label>")
          SECLABEL ("dac", "<label>+64055:+994</label><imagelabel>+1:+2</imagelabel>") "</domain>",
      TRUE, 64055, 994 },
    { "<domain>" SECLABEL ("dac", "<label>+0:+0</label>") "</domain>", TRUE, 0, 0 },
    { "<domain>" SECLABEL ("dac", "<label>qemu:kvm</label>") "</domain>" },
    { "<domain>" SECLABEL ("dac", "<imagelabel>+1:+2</imagelabel>") "</domain>" },
    { "<domain>" SECLABEL ("selinux", "<label>+1:+2</label>") "</domain>" },
    { "<domain><devices>" SECLABEL ("dac", "<label>+1:+2</label>") "</devices></domain>" },
    { "<domain/>" },
    { "<domain>" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      uid_t uid = 0;
      gid_t gid = 0;

      g_assert_cmpint (bk_domain_xml_read_writer (cases[i].xml, &uid, &gid), ==, cases[i].known);
      g_assert_cmpuint (uid, ==, cases[i].uid);
      g_assert_cmpuint (gid, ==, cases[i].gid);
    }
}

static void
test_invalid (void)
{
  static const char *const cases[] = { "", "<domain", "<network/>", "<domain></domain><domain/>" };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (BkVm) vm = bk_vm_new ("web1", "uuid");
      g_autoptr (GError) error = NULL;

      g_assert_false (bk_domain_xml_read_disks (cases[i], vm, &error));
      g_assert_error (error, BK_ERROR, BK_ERROR_INTEGRITY);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/format/domain-xml/disks", test_disks);
  g_test_add_func ("/format/domain-xml/nvram", test_nvram);
  g_test_add_func ("/format/domain-xml/tpm", test_tpm);
  g_test_add_func ("/format/domain-xml/writer", test_writer);
  g_test_add_func ("/format/domain-xml/invalid", test_invalid);
  return g_test_run ();
}
