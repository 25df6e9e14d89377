# SPDX-License-Identifier: BSD-2-Clause
# Completion of ration(1) for bash.

_ration_words() {
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2")
}

_ration_files() {
	local pattern=$1 word=$2

	compopt -o filenames 2>/dev/null
	mapfile -t COMPREPLY < <(
		{ compgen -d -- "$word"; compgen -f -X "!$pattern" -- "$word"; } | sort -u)
}

_ration() {
	local word=${COMP_WORDS[COMP_CWORD]} last=${COMP_WORDS[COMP_CWORD - 1]}

	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ]; then
		_ration_words "run replay check ideal admit topology help --help --version" "$word"
		return
	fi
	case $last in
	--policy) _ration_words "credit sedf rr" "$word"; return ;;
	--topology)
		_ration_files "*.xml" "$word"
		[[ this == "$word"* ]] && COMPREPLY+=(this)
		return ;;
	--json | --trace | --record | --xml) _ration_files "*" "$word"; return ;;
	--seed | --time | --trace-window | --set) return ;;
	esac
	case ${COMP_WORDS[1]} in
	run)
		case $word in
		-*) _ration_words "--policy --topology --seed --time --json --trace
			--trace-window --record --check --no-progress --help" "$word" ;;
		*) _ration_files "*.y*ml" "$word" ;;
		esac ;;
	replay)
		case $word in
		-*) _ration_words "--policy --set --topology --json --trace --trace-window
			--check --no-progress --help" "$word" ;;
		*) _ration_files "*.log" "$word" ;;
		esac ;;
	check)
		case $word in
		-*) _ration_words "--policy --topology --quiet --help" "$word" ;;
		*) _ration_files "*.y*ml" "$word" ;;
		esac ;;
	ideal)
		case $word in
		-*) _ration_words "--all --policy --topology --json --help" "$word" ;;
		*) _ration_files "*.y*ml" "$word" ;;
		esac ;;
	admit)
		case $word in
		-*) _ration_words "--policy --topology --json --help" "$word" ;;
		*) _ration_files "*.y*ml" "$word" ;;
		esac ;;
	topology)
		case $word in
		-*) _ration_words "--physical --string --xml --help" "$word" ;;
		*)
			_ration_files "*.xml" "$word"
			[[ this == "$word"* ]] && COMPREPLY+=(this) ;;
		esac ;;
	help) _ration_words "run replay check ideal admit topology" "$word" ;;
	esac
}

complete -F _ration ration
