#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# setup.sh - .ci/setup leaves a complete machine alone, and says what it does on another.
. tests/lib/check.sh

# A machine of our own making: `tools` has links to a few real programs, and is
# only read; `fake` has what stands for the rest, and is all that is written.
tools=$tmp/tools
fake=$tmp/fake
mkdir "$tools" "$fake"
for tool in sh sed sort tr mktemp rm tail flock cat grep env chmod; do
	ln -s "$(command -v $tool)" "$tools/$tool"
done
stand_in() {
	printf '#!/bin/sh\n%s\n' "$2" >"$fake/$1"
	chmod +x "$fake/$1"
}
setup() {
	env -i PATH="$fake:$tools" FAKE="$fake" sh .ci/setup "$@"
}

silent_when_complete() {
	.ci/setup core host test clang cross && : >"$fake/apt-get.called" &&
		FAKE="$fake" PATH="$fake:$PATH" .ci/setup core host test clang cross >"$tmp/said" 2>&1 &&
		[ ! -s "$tmp/said" ] && [ ! -s "$fake/apt-get.called" ]
}

says_and_installs() {
	setup core >"$tmp/said" 2>&1 && cat "$tmp/said" &&
		[ "$(wc -l <"$tmp/said")" -eq 1 ] && grep -q 'gcc' "$tmp/said" &&
		grep -q 'install .* gcc' "$fake/apt-get.called"
}

refute "without apt-get it names the packages" "install these (Debian's names): binutils gcc" \
	setup core

# As root: apt-get "installs" by making the commands that were missing.
stand_in id 'echo 0'
stand_in apt-get 'echo "$@" >>"$FAKE/apt-get.called"
case $* in *install*) for c in gcc ar; do : >"$FAKE/$c"; chmod +x "$FAKE/$c"; done ;; esac'
check "what is missing is installed, in one line" says_and_installs
rm -f "$fake/apt-get.called"
check "the second time there is nothing to do" setup core
check "and apt-get is not called" test ! -e "$fake/apt-get.called"
rm -f "$fake/gcc"
stand_in apt-get 'echo "E: no network"; exit 100'
refute "apt-get's own words are shown when it fails" "E: no network" setup core

stand_in id 'echo 1000'
refute "without sudo it says what root must do" "as root, run: apt-get install gcc" setup core
stand_in sudo 'echo "$@" >>"$FAKE/sudo.called"; exec "$@"'
stand_in apt-get ': >"$FAKE/gcc"; chmod +x "$FAKE/gcc"'
check "not root: through sudo" setup core
check "sudo was called" grep -q 'apt-get install' "$fake/sudo.called"

rm -f "$fake"/*
stand_in apt-get 'echo "$@" >>"$FAKE/apt-get.called"'
check "a complete machine is left alone" silent_when_complete
