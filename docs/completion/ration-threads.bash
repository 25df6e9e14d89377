# SPDX-License-Identifier: BSD-2-Clause
# Completion of ration-threads(1) for bash.

_ration_threads() {
	local word=${COMP_WORDS[COMP_CWORD]} last=${COMP_WORDS[COMP_CWORD - 1]}

	COMPREPLY=()
	case $last in
	--policy) mapfile -t COMPREPLY < <(compgen -W "credit sedf rr" -- "$word"); return ;;
	--json | --record)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return ;;
	--topology)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <({ compgen -d -- "$word"
			compgen -f -X '!*.xml' -- "$word"; compgen -W this -- "$word"; } | sort -u)
		return ;;
	--seed | --time | --cpus | --stress) return ;;
	esac
	case $word in
	-*) mapfile -t COMPREPLY < <(compgen -W "--policy --topology --cpus --seed --time --json
		--record --stress --no-progress --help --version" -- "$word") ;;
	*)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(
			{ compgen -d -- "$word"; compgen -f -X '!*.y*ml' -- "$word"; } | sort -u) ;;
	esac
}

complete -F _ration_threads ration-threads
