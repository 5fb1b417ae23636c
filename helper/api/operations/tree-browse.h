#pragma once

#include "api/operation.h"

extern const BkOperation bk_operation_tree_browse;
extern const BkOperation bk_operation_tree_download;

char *bk_call_path (const BkCall *call, const char *name, const char *name_base64, GError **error);
