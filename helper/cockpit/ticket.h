#pragma once

int bk_ticket_main (int argc, char **argv);
