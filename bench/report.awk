# SPDX-License-Identifier: GPL-2.0-or-later
# report.awk - samples to results: medians, spread, ratios, goals
#
# usage: awk -f report.awk [-v group=G -v row=R] goals.tsv samples
#
# A line for each side of each row: group, row, side, unit, n, median, min,
# max, spread (interquartile range / median, in percent), ratio (to native),
# goal, state (met, missed, unknown, or the reason of a failure).
BEGIN { FS = OFS = "\t" }

/^#/ { next }

FNR == NR {
	goals++
	for (i = 1; i <= 6; i++)
		goal[goals, i] = $i
	next
}

(group != "" && $1 != group) || (row != "" && $2 != row) { next }

{
	key = $1 OFS $2 OFS $3
	if (!(key in unit)) {
		keys[++nkeys] = key
		unit[key] = $4
	}
	if ($5 == "-")
		failure[key] = $6
	else
		insert(key, $6 + 0)
}

# insert: values of a key stay sorted
function insert(key, value,    i) {
	for (i = count[key]++; i > 0 && values[key, i] > value; i--)
		values[key, i + 1] = values[key, i]
	values[key, i + 1] = value
}

# quantile: linear between neighbours
function quantile(key, q,    at, low, step) {
	at = 1 + (count[key] - 1) * q
	low = int(at)
	if (low >= count[key])
		return values[key, count[key]]
	step = values[key, low + 1] - values[key, low]
	return values[key, low] + (at - low) * step
}

function median(key) {
	return quantile(key, 0.5)
}

function whole(text, pattern) {
	return text ~ ("^(" pattern ")$")
}

# judge: appends one goal to $verdict and its state to $state
function judge(key, g, part,    value, against, text) {
	against = part[1] OFS part[2] OFS goal[g, 5]
	text = goal[g, 4] " <= " goal[g, 6]
	if (goal[g, 4] != "value")
		text = goal[g, 4] " to " goal[g, 5] " <= " goal[g, 6]
	verdict = verdict (verdict == "" ? "" : "; ") text
	if (!count[key] || (goal[g, 4] != "value" && !count[against])) {
		state = state (state == "" ? "" : "; ") "unknown"
		return
	}
	value = median(key)
	if (goal[g, 4] == "ratio")
		value = median(against) ? value / median(against) : 0
	else if (goal[g, 4] == "minus")
		value -= median(against)
	state = state (state == "" ? "" : "; ") \
		sprintf("%.4g %s", value, value <= goal[g, 6] ? "met" : "missed")
}

function judge_all(key,    part, g, chosen, n, i, order) {
	split(key, part, OFS)
	verdict = state = ""
	for (g = 1; g <= goals; g++) {
		if (!whole(part[1], goal[g, 1]) || !whole(part[2], goal[g, 2]) ||
		    !whole(part[3], goal[g, 3]))
			continue
		if (!((goal[g, 4], goal[g, 5]) in chosen))
			order[++n] = goal[g, 4] SUBSEP goal[g, 5]
		chosen[goal[g, 4], goal[g, 5]] = g
	}
	for (i = 1; i <= n; i++)
		judge(key, chosen[order[i]], part)
}

function result(key,    part, native, m, spread, ratio) {
	split(key, part, OFS)
	judge_all(key)
	if (!count[key]) {
		print key, unit[key], 0, "", "", "", "", "", verdict,
			"failed: " failure[key]
		return
	}
	native = part[1] OFS part[2] OFS "native"
	m = median(key)
	spread = m ? 100 * (quantile(key, 0.75) - quantile(key, 0.25)) / m : 0
	ratio = ""
	if (count[native] && median(native) > 0)
		ratio = sprintf("%.3f", m / median(native))
	if (key in failure)
		state = state (state == "" ? "" : "; ") "failed: " failure[key]
	print key, unit[key], count[key], sprintf("%.1f", m),
		sprintf("%.1f", values[key, 1]),
		sprintf("%.1f", values[key, count[key]]),
		sprintf("%.0f", spread), ratio, verdict, state
}

END {
	for (k = 1; k <= nkeys; k++)
		result(keys[k])
}
