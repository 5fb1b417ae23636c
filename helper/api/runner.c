#include "api/runner.h"

/**
 * bk_run_operation:
 * @face: who asks
 *
 * Runs @operation in the calling thread.
 */
gboolean
bk_run_operation (const BkOperation *operation,
                  const BkCall *call,
                  BkFace face,
                  BkSink *sink,
                  GCancellable *cancellable,
                  GError **error)
{
  return operation->run (call, sink, cancellable, error);
}
