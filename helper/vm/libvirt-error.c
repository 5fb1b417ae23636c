#include "vm/libvirt-private.h"

#include "base/error.h"
#include "base/gettext.h"

#include <string.h>

/**
 * bk_libvirt_error_code:
 * @error: (nullable): of libvirt
 *
 * Returns: which of ours it is.
 */
BkError
bk_libvirt_error_code (const virError *error)
{
  if (error == NULL)
    return BK_ERROR_FAILED;
  if (error->message != NULL && strstr (error->message, "No space left on device") != NULL)
    return BK_ERROR_NO_SPACE;
  switch ((virErrorNumber) error->code)
    {
    case VIR_ERR_NO_DOMAIN:
      return BK_ERROR_NOT_FOUND;
    case VIR_ERR_AUTH_FAILED:
    case VIR_ERR_AUTH_CANCELLED:
    case VIR_ERR_AUTH_UNAVAILABLE:
    case VIR_ERR_ACCESS_DENIED:
    case VIR_ERR_OPERATION_DENIED:
      return BK_ERROR_DENIED;
    case VIR_ERR_NO_CONNECT:
    case VIR_ERR_INVALID_CONN:
    case VIR_ERR_RPC:
      return BK_ERROR_UNAVAILABLE;
    case VIR_ERR_NO_SUPPORT:
    case VIR_ERR_OPERATION_UNSUPPORTED:
    case VIR_ERR_CONFIG_UNSUPPORTED:
      return BK_ERROR_UNSUPPORTED;
    case VIR_ERR_CHECKPOINT_INCONSISTENT:
      return BK_ERROR_INTEGRITY;
    case VIR_ERR_OPERATION_TIMEOUT:
      return BK_ERROR_BUSY;
    case VIR_ERR_INTERNAL_ERROR:
    case VIR_ERR_SYSTEM_ERROR:
      return error->domain == VIR_FROM_RPC ? BK_ERROR_UNAVAILABLE : BK_ERROR_FAILED;
    default:
      return BK_ERROR_FAILED;
    }
}

/**
 * bk_libvirt_set_error_from:
 * @last: (nullable): virSaveLastError()
 * @format: what was being done, and on what
 *
 * Sets @error from an error of libvirt. bk_libvirt_set_error() does it from that of the last call.
 */
void
bk_libvirt_set_error_from (GError **error, virErrorPtr last, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_autofree char *what = g_strdup_vprintf (bk_gettext (format), args);
  va_end (args);

  g_autofree char *why =
      bk_error_one_line (last == NULL || last->message == NULL ? _ ("unknown") : last->message);
  bk_set_error (error, bk_libvirt_error_code (last), "%s: libvirt says: %s", what, why);
}
