#include "format/host-xml.h"

#define HOST(secmodels) "<capabilities><host><uuid>x</uuid>" secmodels "</host></capabilities>"
#define DAC(label) "<secmodel><model>dac</model><doi>0</doi>" label "</secmodel>"
#define LABEL(text) "<baselabel type='kvm'>" text "</baselabel>"
#define NONE "<secmodel><model>none</model><doi>0</doi></secmodel>"

typedef struct
{
  const char *what;
  const char *xml;
  gboolean known;
  uid_t uid;
  gid_t gid;
} Case;

static const Case cases[] = {
  { "debian", HOST (NONE DAC (LABEL ("+64055:+994"))), TRUE, 64055, 994 },
  { "root", HOST (DAC (LABEL ("+0:+0"))), TRUE, 0, 0 },
  { "without-plus", HOST (DAC (LABEL ("107:108"))), TRUE, 107, 108 },
  { "names", HOST (DAC (LABEL ("qemu:kvm"))) },
  { "one-number", HOST (DAC (LABEL ("+1"))) },
  { "three-numbers", HOST (DAC (LABEL ("+1:+2:+3"))) },
  { "too-large", HOST (DAC (LABEL ("+4294967295:+1"))) },
  { "no-label", HOST (DAC ("")) },
  { "no-dac", HOST (NONE) },
  { "no-host", "<capabilities/>" },
  { "not-capabilities", "<domain/>" },
  { "not-xml", "<capabilities>" },
};

static void
test_read (gconstpointer data)
{
  const Case *c = data;
  uid_t uid = 0;
  gid_t gid = 0;

  g_assert_cmpint (bk_host_xml_read_writer (c->xml, &uid, &gid), ==, c->known);
  g_assert_cmpuint (uid, ==, c->uid);
  g_assert_cmpuint (gid, ==, c->gid);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/format/host-xml/", cases[i].what, NULL);

      g_test_add_data_func (path, &cases[i], test_read);
    }
  return g_test_run ();
}
