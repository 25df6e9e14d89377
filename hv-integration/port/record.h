/* SPDX-License-Identifier: BSD-2-Clause */
/* record.h - where the parts of a record's first word are; see ration_record.h. */
#ifndef RECORD_H
#define RECORD_H

#include "ration_record.h"

#define RECORD_CHECK_MASK  0xFFFFu
#define RECORD_VERB_SHIFT  16
#define RECORD_VERB_MASK   0x1Fu
#define RECORD_CPU_SHIFT   21
#define RECORD_NOWHERE     ((uint64_t)0x7F)
#define RECORD_SLOT_SHIFT  28
#define RECORD_DELTA_SHIFT 44
#define RECORD_DELTA_MAX   (((uint64_t)1 << 20) - 1)

#endif
