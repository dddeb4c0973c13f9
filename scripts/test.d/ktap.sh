# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # print_lock is of those who read this in
# Reads the KTAP of one test program at a time and keeps the totals. Prints a line
# for each program when it has ended, and all that it said if something failed.
# where: on which kernel it ran, if that is to be named
# recap: a file; what failed is named there once more, each with what was said of it

passed=0 failed=0 skipped=0

test_begin() # NAME
{
	name=$1 lines=() faults=() reasons=() notes=() said=() broken=() plan='' next=1 ok=0 bad=0 skip=0 status=''
	began=${EPOCHREALTIME/[!0-9]/}
}

test_fault() { faults+=("$*"); }

# The harness does not know why a test skipped itself by its exit status: the test has
# said so itself, before the harness said OK.
test_reason() # DESCRIPTION
{
	local count=${#lines[@]}

	if [[ $1 == *"# SKIP unknown" && count -ge 3 ]]; then
		reasons+=("$1: ${lines[count - 3]#\# }")
	else
		reasons+=("$1")
	fi
}

test_result() # "not " or "yes", NUMBER, DESCRIPTION
{
	[[ $2 == "$next" ]] || test_fault "result $next has the number '$2'"
	next=$((next + 1))
	shopt -s nocasematch
	case $3 in
	*\#\ skip*) skip=$((skip + 1)); test_reason "$3" ;;
	# Expected to fail: neither here nor there, unless it did not.
	*\#\ xfail* | *\#\ todo*) [[ $1 != yes ]] || test_fault "'${3# }' did not fail, as was expected" ;;
	*) if [[ $1 == yes ]]; then
		ok=$((ok + 1))
	   else
		bad=$((bad + 1))
		# The last of it: a test may have said much.
		broken+=("$2$3" "${said[@]:${#said[@]} > 8 ? ${#said[@]} - 8 : 0}")
	   fi ;;
	esac
	shopt -u nocasematch
	said=()
}

# One line of what the program printed. Subtests of results are indented: no result.
test_line()
{
	lines+=("$1")
	if [[ $1 == '# did: '* ]]; then
		notes+=("${1#\# }")
	elif [[ $1 == '#'* ]]; then
		said+=("    $1")
	elif [[ $1 =~ ^1\.\.([0-9]+)( +#(.*))?$ ]]; then
		[[ -z $plan ]] || test_fault "it has two plans"
		plan=${BASH_REMATCH[1]}
		if [[ $plan == 0 ]]; then
			skip=$((skip + 1))
			reasons+=("${BASH_REMATCH[3]-}")
		fi
	elif [[ $1 =~ ^(not )?ok( ([0-9]+))?( .*)?$ ]]; then
		test_result "${BASH_REMATCH[1]:-yes}" "${BASH_REMATCH[3]}" "${BASH_REMATCH[4]}"
	fi
}

# How the program ended, which is one fault at most: status 4 without a result is
# kselftest's skip.
test_ended() # STATUS
{
	local why=()

	status=$1
	if [[ $status == 4 && ${plan:-0} == 0 && $next == 1 ]]; then
		((skip)) || { skip=1; reasons+=(" ${lines[-1]-}"); }
		return
	fi
	case $status in
	0) ;;
	124) why+=("time-out") ;;
	*) ((bad)) || why+=("it ended with status $status") ;;
	esac
	if [[ -z $plan ]]; then
		why+=("it has no plan")
	elif ((next == 1 && plan)); then
		why+=("it has no results")
	elif ((plan != next - 1)); then
		why+=("its plan is $plan results, and it has $((next - 1))")
	fi
	((!${#why[@]})) || test_fault "$(printf '%s; ' "${why[@]}")"
}

test_report()
{
	local took=$((${EPOCHREALTIME/[!0-9]/} - began)) fault reason times

	printf '%-18s %d passed' "${where:+$where }$name" "$ok"
	! ((bad + ${#faults[@]})) || printf ', %d FAILED' $((bad + ${#faults[@]}))
	! ((skip)) || printf ', %d skipped' "$skip"
	printf '  (%d.%d s)\n' $((took / 1000000)) $((took / 100000 % 10))
	if ((bad + ${#faults[@]})); then
		printf '    | %s\n' "${lines[@]}"
		for fault in "${faults[@]}"; do
			echo "    $name: $fault"
		done
	fi
	((!${#notes[@]})) || printf '    %s\n' "${notes[@]}"
	((!${#reasons[@]})) || printf '%s\n' "${reasons[@]}" | sort | uniq -c |
		while read -r times reason; do
			echo "    skipped: $reason$( ((times == 1)) || echo " ($times times)")"
		done
}

test_recap()
{
	((bad + ${#faults[@]})) || return 0
	echo "failed: ${where:+$where }$name"
	printf '    %s\n' "${broken[@]}" "${faults[@]}"
}

test_end()
{
	[[ $status ]] || test_fault "it did not say how it ended"
	# In one piece: others print, too.
	{ flock 9; test_report; test_recap >> "$recap"; } 9> "$print_lock"
	passed=$((passed + ok)) failed=$((failed + bad + ${#faults[@]})) skipped=$((skipped + skip))
}

# A test that could not be begun.
test_missing() # NAME WHY
{
	test_begin "$1"
	status=0
	test_fault "$2"
	test_end
}
