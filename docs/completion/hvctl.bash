# SPDX-License-Identifier: BSD-2-Clause
# Completion of hvctl(1) for bash.

# The names of the domains that are there, of which $1 is the beginning.
_hvctl_names() {
	mapfile -t COMPREPLY < <(compgen -W "$(
		${socket:+env HVCTL_SOCKET="$socket"} hvctl --timeout 1s list 2>/dev/null |
			awk 'NR > 1 { print $1 }')" -- "$1")
}

_hvctl() {
	local word=${COMP_WORDS[COMP_CWORD]} last=${COMP_WORDS[COMP_CWORD - 1]}
	local command='' socket='' at=1

	COMPREPLY=()
	for ((; at < COMP_CWORD; at++)); do
		case ${COMP_WORDS[at]} in
		-s | --socket) socket=${COMP_WORDS[++at]} ;;
		-t | --timeout) ((at++)) ;;
		-*) ;;
		*) command=${COMP_WORDS[at]}; break ;;
		esac
	done
	case $last in
	-s | --socket)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return ;;
	-t | --timeout | --for) return ;;
	esac
	case $command:$((COMP_CWORD - at)) in
	:*)
		mapfile -t COMPREPLY < <(compgen -W "--socket --timeout --help --version list vcpus
			ledger info topology create destroy pause unpause weight cap floor burst shadow
			sedf pin vcpu cpu policy write shutdown console log" -- "$word") ;;
	list:* | info:* | topology:*) ;;
	create:*)
		compopt -o nospace 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -W "name= image= vcpus= mem= initrd= weight= cap=
			floor= period= slice= latency= extratime= cpus= on_reboot= paused=" -- "$word") ;;
	log:*)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -W --for -- "$word"; compgen -f -- "$word") ;;
	shutdown:*) mapfile -t COMPREPLY < <(compgen -W --reset -- "$word") ;;
	policy:*) mapfile -t COMPREPLY < <(compgen -W "credit sedf rr tslice= ratelimit=" -- "$word") ;;
	cpu:*) mapfile -t COMPREPLY < <(compgen -W "on off --force" -- "$word") ;;
	*:1) _hvctl_names "$word" ;;
	sedf:*)
		compopt -o nospace 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -W "period= slice= latency= extratime= weight=" -- "$word") ;;
	pin:2) mapfile -t COMPREPLY < <(compgen -W all -- "$word") ;;
	shadow:2 | vcpu:3) mapfile -t COMPREPLY < <(compgen -W "on off" -- "$word") ;;
	console:*) mapfile -t COMPREPLY < <(compgen -W --follow -- "$word") ;;
	esac
}

complete -F _hvctl hvctl
