/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host_xml.h - is a text an XML file of lstopo's that hwloc 2 can read?
 *
 * Asked before hwloc sees it: hwloc answers only yes or no, without a place,
 * and trusts what it reads.
 */
#ifndef HOST_XML_H
#define HOST_XML_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HOST_XML_WHAT_SIZE 256u

/* Where and why not: line and column from 1, 0 where the whole file is meant. */
struct host_xml_fault {
	unsigned long line, column;
	char what[HOST_XML_WHAT_SIZE];   /* "what, expected what" */
};

/* True, or false with *fault filled.  O(length). */
bool host_xml_check(const char *text, size_t length, struct host_xml_fault *fault);

#ifdef __cplusplus
}
#endif
#endif
