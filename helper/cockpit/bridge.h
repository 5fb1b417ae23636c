#pragma once

int bk_bridge_main (int argc, char **argv);
