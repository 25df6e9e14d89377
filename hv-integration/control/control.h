/* SPDX-License-Identifier: BSD-2-Clause */
/* control.h - what the parts of the control protocol share. */
#ifndef CONTROL_H
#define CONTROL_H

#include "ration_control.h"

/* A request that is being carried out. */
struct control_call {
	struct ration_control *control;
	const struct ration_control_request *q;
	struct ration_control_wire *w;    /* where the body goes */
	struct ration_reason why;         /* of a refusal, if a sentence is known */
	bool is_privileged;
	uint32_t caller_dom;
};

/* What is asked of the books; status as they answer, the body in x->w.  look.c */
int ration_control__info(struct control_call *x);
int ration_control__topology(struct control_call *x);
int ration_control__list(struct control_call *x);
int ration_control__vcpus(struct control_call *x);
int ration_control__ledger(struct control_call *x);
int ration_control__log(struct control_call *x);

/* What changes the scheduler.  change.c */
int ration_control__set(struct control_call *x);
int ration_control__pin(struct control_call *x);
int ration_control__vcpu(struct control_call *x);
int ration_control__cpu(struct control_call *x);
int ration_control__policy(struct control_call *x);
int ration_control__params(struct control_call *x);

/* Say that there is no such domain. */
int ration_control__no_domain(struct control_call *x);
/* Say that there is no vCPU, or CPU, of that number. */
int ration_control__no_such(struct control_call *x, const char *what, uint64_t number);
/* Add what a person calls the domain: a ration_reason_name. */
void ration_control__name(void *control, uint32_t dom, struct ration_reason *to);

#endif
