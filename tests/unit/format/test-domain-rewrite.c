#include "format/domain-rewrite.h"

#include "base/error.h"

#include <string.h>

#define DISK(Inside) "<disk type='file' device='disk'>" Inside "<target dev='vda'/></disk>"
#define DEVICES(Inside) "<devices>" Inside "</devices>"

static char *
rewrite (const char *inside, const char *uuid, const char *nvram_path, GError **error)
{
  g_autoptr (GHashTable) disks = g_hash_table_new (g_str_hash, g_str_equal);
  const BkDomainRewrite what = {
    .name = "copy", .uuid = uuid, .disks = disks, .nvram_path = nvram_path
  };
  g_autofree char *xml =
      g_strdup_printf ("<domain type='kvm' id='7'><name>web1</name><uuid>old-uuid</uuid>%s</domain>",
                       inside);

  g_hash_table_insert (disks, (char *) "vda", (char *) "/new/a & 'b'.qcow2");
  return bk_domain_xml_rewrite (xml, &what, error);
}

/* What must be in the new definition, and what must not. */
static const struct
{
  const char *what;
  const char *inside;
  const char *with[3];
  const char *without[3];
} cases[] = {
  { "name", "", { "<name>copy</name>", "<uuid>new-uuid</uuid>" }, { "web1", "old-uuid", "id=\"7\"" } },
  { "disk",
    DEVICES (DISK ("<driver name='qemu' type='raw' cache='none'/><source file='/old'/>")),
    { "<source file=\"/new/a &amp; 'b'.qcow2\"/>", "type=\"qcow2\"", "cache=\"none\"" },
    { "/old", "raw" } },
  { "disk-without-a-driver",
    DEVICES (DISK ("<source file='/old'/>")),
    { "<driver name=\"qemu\" type=\"qcow2\"/>" },
    { "/old" } },
  { "device-and-chain",
    DEVICES ("<disk type='block'><source dev='/dev/old'/>"
             "<backingStore type='file'><source file='/below'/></backingStore>"
             "<mirror type='file'><source file='/beside'/></mirror><target dev='vda'/></disk>"),
    { "<disk type=\"file\">" },
    { "/dev/old", "/below", "/beside" } },
  { "encrypted",
    DEVICES (DISK ("<source file='/old'><encryption format='luks'/></source>"
                   "<encryption format='luks'><secret type='passphrase' uuid='s'/></encryption>"
                   "<auth username='u'/>")),
    { "/new/a" },
    { "encryption", "secret", "auth" } },
  /* It is the old VM's, and was not in the backup. */
  { "other-disk",
    DEVICES ("<disk type='file'><source file='/old'/><target dev='vdb'/></disk>"
             "<disk type='block' device='lun'><source dev='/dev/old'/><target dev='sda'/></disk>"),
    { "<name>copy" },
    { "/old", "/dev/old", "<disk" } },
  { "other-disk-in-more-devices",
    DEVICES ("") DEVICES ("<disk type='file'><source file='/old'/><target dev='vdb'/></disk>"),
    { "<name>copy" },
    { "/old", "<disk" } },
  { "cdrom",
    DEVICES ("<disk type='file' device='cdrom'><source file='/iso'/><target dev='hda'/></disk>"),
    { "/iso" },
    { NULL } },
  { "network-card",
    DEVICES ("<interface type='network'><mac address='52:54:00:00:00:01'/>"
             "<source network='default'/></interface>"),
    { "network=\"default\"" },
    { "52:54" } },
  { "generation", "<genid>aaaa</genid>", { "<genid" }, { "aaaa" } },
  { "nvram",
    "<os><nvram template='/t'>/old.fd</nvram></os>",
    { "<nvram template=\"/t\">/nvram &amp; co</nvram>" },
    { "/old.fd" } },
  { "nvram-with-a-source",
    "<os><nvram type='file'><source file='/old.fd'/></nvram></os>",
    { "<nvram>/nvram &amp; co</nvram>" },
    { "/old.fd", "<source" } },
};

static void
test_cases (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *xml = rewrite (cases[i].inside, "new-uuid", "/nvram & co", &error);

      g_test_message ("%s", cases[i].what);
      g_assert_no_error (error);
      for (guint n = 0; n < 3 && cases[i].with[n] != NULL; n++)
        g_assert_nonnull (strstr (xml, cases[i].with[n]));
      for (guint n = 0; n < 3 && cases[i].without[n] != NULL; n++)
        g_assert_null (strstr (xml, cases[i].without[n]));
    }
}

static void
test_left_to_libvirt (void)
{
  g_autofree char *xml =
      rewrite ("<os><nvram template='/t'>/old.fd</nvram></os>", NULL, NULL, NULL);

  g_assert_null (strstr (xml, "<uuid>"));
  g_assert_nonnull (strstr (xml, "<nvram template=\"/t\"/>"));
}

static void
test_invalid (void)
{
  static const char *const insides[] = { "<name>", "</domain><domain>", "&nothing;" };

  for (guint i = 0; i < G_N_ELEMENTS (insides); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (rewrite (insides[i], NULL, NULL, &error));
      g_assert_error (error, BK_ERROR, BK_ERROR_INTEGRITY);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/format/domain-rewrite/cases", test_cases);
  g_test_add_func ("/format/domain-rewrite/left-to-libvirt", test_left_to_libvirt);
  g_test_add_func ("/format/domain-rewrite/invalid", test_invalid);
  return g_test_run ();
}
