#include "model/settings.h"

BkSettings *
bk_settings_new (void)
{
  BkSettings *self = g_new0 (BkSettings, 1);

  self->state_dir = g_strdup ("/var/lib/cockpit-backup");
  self->repository_dir = g_strdup ("/var/lib/cockpit-backup/repository");
  self->log_dir = g_strdup ("/var/lib/cockpit-backup/logs");
  self->runtime_dir = g_strdup ("/run/cockpit-backup");
  self->connect_uri = g_strdup ("qemu:///system");
  self->max_incrementals = BK_MAX_INCREMENTALS_DEFAULT;
  self->retention_days = 30;
  self->log_retention_days = 90;
  return self;
}

BkSettings *
bk_settings_copy (const BkSettings *settings)
{
  BkSettings *copy = g_memdup2 (settings, sizeof *settings);

  copy->repository_dir = g_strdup (settings->repository_dir);
  copy->log_dir = g_strdup (settings->log_dir);
  copy->state_dir = g_strdup (settings->state_dir);
  copy->runtime_dir = g_strdup (settings->runtime_dir);
  copy->connect_uri = g_strdup (settings->connect_uri);
  return copy;
}

void
bk_settings_free (BkSettings *settings)
{
  g_free (settings->repository_dir);
  g_free (settings->log_dir);
  g_free (settings->state_dir);
  g_free (settings->runtime_dir);
  g_free (settings->connect_uri);
  g_free (settings);
}
