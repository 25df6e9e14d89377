/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_topology.h - ration topology: draw a machine, or write it down. */
#ifndef CMD_TOPOLOGY_H
#define CMD_TOPOLOGY_H

#ifdef __cplusplus
extern "C" {
#endif

/* argv[0] is "topology".  Returns the exit code: 0; 1: it could not be written,
 * or has no string; 2: bad usage or a SPEC that cannot be read. */
int cmd_topology(int argc, char **argv);

#ifdef __cplusplus
}
#endif
#endif
