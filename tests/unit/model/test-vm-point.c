#include "model/vm-point.h"

static void
test_checkpoint_names (void)
{
  static const struct
  {
    const char *name;
    gboolean is_ours;
  } cases[] = {
    { "cockpit-backup-checkpoint-20261120_020000-0a1b2c3d", TRUE },
    { "cockpit-backup-checkpoint-20261120_020000-0a1b2c3dx", FALSE },
    { "cockpit-backup-checkpoint-20261120_020000-0a1b2c3", FALSE },
    { "cockpit-backup-checkpoint-20261120_020000-0A1B2C3D", FALSE },
    { "cockpit-backup-checkpoint-20261320_020000-0a1b2c3d", FALSE },
    { "cockpit-backup-checkpoint-20261120_020000", FALSE },
    { "cockpit-backup-checkpoint-", FALSE },
    { "xcockpit-backup-checkpoint-20261120_020000-0a1b2c3d", FALSE },
    { "virtnbdbackup.0", FALSE },
    { "", FALSE },
  };
  g_autofree char *made = bk_vm_checkpoint_name (G_GINT64_CONSTANT (1795140000000000), 0x0a1b2c3d);

  g_assert_cmpstr (made, ==, cases[0].name);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (bk_vm_checkpoint_name_is_ours (cases[i].name), ==, cases[i].is_ours);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/model/vm-point/checkpoint-names", test_checkpoint_names);
  return g_test_run ();
}
