# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034 # failed is the caller's
# For tests of a program that has a screen: a terminal (tmux) that is sent keys and
# looked at. $tmp is a directory of the caller's own. What is waited for in vain sets $failed.

on_screen() { tmux -f /dev/null -S "$tmp/tmux" "$@"; }

# screen_open COLUMNS LINES: a shell on it
screen_open()
{
	on_screen new-session -d -x "$1" -y "$2" -e PS1='$ ' -e LC_ALL=C.UTF-8 bash --norc --noprofile &&
		on_screen set-option -g status off && on_screen resize-window -x "$1" -y "$2" &&
		screen_until '^\$'
}

screen_close() { on_screen kill-server 2> /dev/null; }

screen() { on_screen capture-pane -p; }

# The lines of the screen that match, blanks at their ends removed.
screen_lines() { screen | grep -E -e "$1" | sed 's/ *$//'; }

# keys KEY...: names of tmux's, or text
keys() { on_screen send-keys "$@"; }

# type TEXT: and Enter
type_line()
{
	on_screen send-keys -l "$1"
	on_screen send-keys Enter
}

# What was looked at stays in $shown.
screen_has()
{
	shown=$(screen)
	grep -qE -e "$1" <<< "$shown"
}

screen_has_not() { ! screen_has "$1"; }

# screen_wait CONDITION REGEX COMPLAINT: two minutes are long enough for any
screen_wait()
{
	local start=$SECONDS

	until "$1" "$2"; do
		# It wants the CPU, too.
		sleep 0.1
		if ((SECONDS - start > 120)); then
			echo "# $3: $2"
			screen | sed 's/^/# | /'
			failed=1
			return 1
		fi
	done
}

# screen_until REGEX: until a line matches
screen_until() { screen_wait screen_has "$1" "not on the screen"; }

# screen_without REGEX: until no line does
screen_without() { screen_wait screen_has_not "$1" "still on the screen"; }
