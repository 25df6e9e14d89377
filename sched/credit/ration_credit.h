/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RATION_CREDIT_H
#define RATION_CREDIT_H

#include "ration_policy.h"

#ifdef __cplusplus
extern "C" {
#endif
extern const struct ration_policy ration_credit;
#ifdef __cplusplus
}
#endif
#endif
