# SPDX-License-Identifier: GPL-2.0-or-later
# plot.awk - results.tsv as an SVG picture: ratios to native, a bar each
#
# The scale is logarithmic, from 0.5 to 100; the line is native.
BEGIN {
	FS = "\t"
	high = 12
	left = 260
	wide = 500
	n = split("#4477aa #66ccee #228833 #ccbb44 #ee6677 #aa3377 #bbbbbb",
		colours, " ")
}

$3 == "native" || $10 == "" || $1 == "session" { next }

{
	if (!($3 in colour))
		colour[$3] = colours[(used++ % n) + 1]
	y = high * ++bars + 30
	body = body sprintf("<text x=\"%d\" y=\"%d\" text-anchor=\"end\">" \
		"%s/%s, %s</text>\n", left - 6, y + 9, escape($1), escape($2),
		escape($3))
	body = body sprintf("<rect x=\"%d\" y=\"%d\" width=\"%.1f\" " \
		"height=\"%d\" fill=\"%s\"/>\n", left, y, place($10), high - 2,
		colour[$3])
	body = body sprintf("<text x=\"%.1f\" y=\"%d\">%.2f</text>\n",
		left + place($10) + 4, y + 9, $10)
}

function escape(text) {
	gsub(/&/, "\\&amp;", text)
	gsub(/</, "\\&lt;", text)
	return text
}

function place(ratio) {
	if (ratio < 0.5)
		ratio = 0.5
	if (ratio > 100)
		ratio = 100
	return wide * log(ratio / 0.5) / log(200)
}

END {
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" " \
		"height=\"%d\" font-family=\"sans-serif\" font-size=\"9\">\n",
		left + wide + 60, high * bars + 60
	printf "<text x=\"6\" y=\"18\" font-size=\"12\">" \
		"time, native = 1, logarithmic</text>\n%s", body
	printf "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"30\" y2=\"%d\" " \
		"stroke=\"black\"/>\n</svg>\n", left + place(1),
		left + place(1), high * bars + 50
}
