#pragma once

#include "base/reporter.h"
#include "model/event-chain.h"

#include <gio/gio.h>

BkChainVerdict *bk_event_log_verify (const char *data_dir,
                                     gboolean fast,
                                     BkReporter *reporter,
                                     GCancellable *cancellable,
                                     GError **error);
gboolean
bk_chain_verdict_set_error (const BkChainVerdict *verdict, const char *what, GError **error);
char *bk_chain_verdict_describe (const BkChainVerdict *verdict);
