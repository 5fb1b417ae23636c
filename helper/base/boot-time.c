#include "base/boot-time.h"

#include "base/error.h"
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

#define BOOT_ID_PATH "/proc/sys/kernel/random/boot_id"

/**
 * bk_boot_time_now:
 * @now: (out)
 *
 * Errors: when the kernel does not say which start of the machine this is (no /proc).
 */
gboolean
bk_boot_time_now (BkBootTime *now, GError **error)
{
  autofd int fd = open (BOOT_ID_PATH, O_RDONLY | O_CLOEXEC);
  struct timespec clock;

  memset (now, 0, sizeof *now);
  if (fd < 0 || read (fd, now->boot_id, BK_BOOT_ID_LENGTH) != BK_BOOT_ID_LENGTH)
    return bk_error_set_errno (error, fd < 0 ? errno : EIO, "“%s” cannot be read", BOOT_ID_PATH);
  if (clock_gettime (CLOCK_BOOTTIME, &clock) < 0)
    return bk_error_set_errno (error, errno, "The clock since the machine's start cannot be read");
  now->usecs = (gint64) clock.tv_sec * G_USEC_PER_SEC + clock.tv_nsec / 1000;
  return TRUE;
}
