/* SPDX-License-Identifier: GPL-2.0-or-later */
/* options.h - which interfaces are plugged into what, by source and options */
#ifndef UMDEVTAP_OPTIONS_H
#define UMDEVTAP_OPTIONS_H

/*
 * Words for umdevtap-plug, "NAME=VNL" and "=VNL", for words_free(); *out NULL:
 * there are none. -EINVAL: it was logged what is wrong.
 */
int tap_options_parse(const char *source, const char *options, char ***out);

#endif
