/* SPDX-License-Identifier: BSD-2-Clause */
/* layout.h - numbers that assembler and C share. */
#ifndef LAYOUT_H
#define LAYOUT_H

#define STACK_SIZE       0x8000      /* of each CPU, aligned to its size */
#define TRAMPOLINE       0x8000      /* where CPUs wake, below 1 MiB */
#define CODE_SELECTOR    0x10
#define DATA_SELECTOR    0x18
#define TASK_SELECTOR    0x20

#define VECTOR_TIMER     0xF0
#define VECTOR_KICK      0xF1
#define VECTOR_SPURIOUS  0xFF

#endif
