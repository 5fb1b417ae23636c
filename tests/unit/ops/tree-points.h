#pragma once

#include "store/repository/repository.h"
#include "store/tree/archive.h"

#define TREE_POINTS_PROJECT "tree/host1/data"
#define TREE_POINTS_DAY_USECS (G_GINT64_CONSTANT (86400000000))
#define TREE_POINTS_FIRST_USECS (G_GINT64_CONSTANT (1795140000) * 1000000) /* 2026-11-20 */

/* A repository with points of one tree, made of the parts that make them; which of what is in the
 * source has changed is told by what stat() said the time before. */
typedef struct
{
  char *path;
  int dirfd;
  int source;
  char *source_path;
  char *target_path;
  char *below_target; /* where the source's own directory is in the target */
  BkRepository *repository;
  int generation;
  guint points_count;
  GHashTable *before; /* path → what it was then */
} TreePoints;

void tree_points_set_up (TreePoints *fixture, gconstpointer data);
void tree_points_tear_down (TreePoints *fixture, gconstpointer data);

void tree_points_make_source (TreePoints *fixture);
void tree_points_change_source (TreePoints *fixture);
void tree_points_replace_first_link (TreePoints *fixture);
void tree_points_write_file (int dirfd, const char *name, const char *text);
void tree_points_back_up (TreePoints *fixture, BkTreeCompression compression);

char *tree_points_below (const char *directory, const char *name);
void tree_points_remove (const char *path);
