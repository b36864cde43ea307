# SPDX-License-Identifier: GPL-2.0-or-later
# json.awk - results.tsv as JSON: a list with an object for each line
BEGIN {
	FS = "\t"
	n = split("group row side unit n median min max spread ratio goal state",
		name, " ")
	print "["
}

{
	line = ""
	for (i = 1; i <= n; i++)
		line = line (i > 1 ? ", " : "") "\"" name[i] "\": " value(i, $i)
	printf "%s  {%s}", (NR > 1 ? ",\n" : ""), line
}

function value(i, text) {
	if (i >= 5 && i <= 10)
		return text == "" ? "null" : text
	gsub(/\\/, "\\\\", text)
	gsub(/"/, "\\\"", text)
	gsub(/[\001-\037]/, " ", text)
	return "\"" text "\""
}

END { print "\n]" }
