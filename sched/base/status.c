/* SPDX-License-Identifier: BSD-2-Clause */
/* status.c - status codes in words. */
#include "ration_types.h"

const char *ration_status_text(int status)
{
	switch (status) {
	case RATION_OK:
		return "no error";
	case RATION_E_INVALID:
		return "malformed, or not possible in this state";
	case RATION_E_RANGE:
		return "outside of the permitted range";
	case RATION_E_FULL:
		return "a limit of this instance is reached";
	case RATION_E_EXISTS:
		return "exists already";
	case RATION_E_BUSY:
		return "still in use";
	case RATION_E_CAPACITY:
		return "the CPUs cannot carry it";
	case RATION_E_POLICY:
		return "not honoured by the present policy";
	case RATION_E_MEMORY:
		return "the memory block is too small or misaligned";
	default:
		return "unknown status";
	}
}
