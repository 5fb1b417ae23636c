#pragma once

int bk_thaw_guard_main (int argc, char **argv);
