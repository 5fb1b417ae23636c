#pragma once

int bk_cli_main (int argc, char **argv);
