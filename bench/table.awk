# SPDX-License-Identifier: GPL-2.0-or-later
# table.awk - the results of one row as a line of the table, its goals below
#
# usage: report.awk … | awk -v sides="native view …" -f table.awk
#
# Native in its unit, the others as ratios to it; of a session, and where
# native is missing, all in units. "~": the spread is above 20 percent.
BEGIN {
	FS = "\t"
	n = split(sides, side, " ")
}

{
	row = $1 "/" $2
	group = $1
	unit = $4
	if ($5 == 0)
		cell[$3] = "failed"
	else
		cell[$3] = text($3, $4, $6, $10) ($9 > 20 ? "~" : " ")
	if ($11 != "" || $12 ~ /failed/)
		note[++notes] = $3 ": " ($11 == "" ? "" : "goal " $11 ": ") $12
}

function text(name, unit, value, ratio) {
	if (name == "native" || ratio == "" || group == "session")
		return human(value, unit)
	return sprintf("%.2f", ratio)
}

function human(value, unit) {
	if (unit != "ns")
		return sprintf("%d %s", value, unit)
	if (value >= 1e9)
		return sprintf("%.2f s", value / 1e9)
	if (value >= 1e6)
		return sprintf("%.1f ms", value / 1e6)
	if (value >= 1e4)
		return sprintf("%.1f us", value / 1e3)
	return sprintf("%.0f ns", value)
}

END {
	if (row == "")
		exit
	printf "%-29s", row
	for (i = 1; i <= n; i++)
		printf "%12s", side[i] in cell ? cell[side[i]] : "- "
	printf "\n"
	for (i = 1; i <= notes; i++)
		print "    " note[i]
}
