/* SPDX-License-Identifier: BSD-2-Clause */
/* domain_config.h - what a domain is to be: the words of ration_guest.h. */
#ifndef DOMAIN_CONFIG_H
#define DOMAIN_CONFIG_H

#include "ration.h"

#define DOMAIN_MAX        32u
#define DOMAIN_VCPU_MAX   16u
#define DOMAIN_NAME_SIZE  16u
#define DOMAIN_LINE_SIZE  512u

struct module;

struct domain_config {
	char name[DOMAIN_NAME_SIZE];
	uint32_t vcpu_count, mem_mib;
	struct ration_attr attr;
	struct ration_affinity affinity[DOMAIN_VCPU_MAX];
	const struct module *image, *initrd;   /* initrd may be NULL */
	bool restart, paused;
	char line[DOMAIN_LINE_SIZE];           /* the guest's */
};

/*
 * Read "name=web1 vcpus=2 ... -- command line".  NULL, or what is wrong, as
 * a sentence whose first word is the offending one; it stays valid until the next call.
 * `image` NULL: the first word, or `image=`, is the file name of the module.
 * Other words that are not known say nothing.
 */
const char *domain_config_read(struct domain_config *c, const char *text,
                               const struct module *image);

#endif
