#!/usr/bin/env bash
# Helix with rust-analyzer and Sendlens, in a tmux of its own, set up by editors/helix/languages.toml.
# Environment: LANGUAGES (that file), WORKSPACE, CARGO_CALLS (what the shim noted), OUT (for screens).
set -euo pipefail

NAME=helix
. "$(dirname "$0")/screen.sh"
mkdir -p "$home/helix"
cp "$LANGUAGES" "$home/helix/languages.toml"
printf 'theme = "onelight"\n[editor]\ntrue-color = true\nend-of-line-diagnostics = "hint"\n' >"$home/helix/config.toml"
export XDG_CONFIG_HOME=$home XDG_CACHE_HOME=$home

file=sample/src/main.rs
# Escape and what follows in one go would be an Alt chord.
escape() { tm send-keys Escape; sleep 0.3; }
typed() { escape; tm send-keys ":$1" Enter; sleep 0.2; }
checks() { awk -F'\t' -v w="$(realpath "$WORKSPACE")" 'index($2, w) == 1 && $3 ~ /^(check|clippy)/' "$CARGO_CALLS" | wc -l; }

health=$(hx --health rust 2>/dev/null | sed 's/\x1b\[[0-9;]*m//g')
grep -q 'rust-analyzer: /' <<<"$health" && grep -q 'sendlens: /' <<<"$health" && s=0 || s=1
check "hx --health rust lists both servers" $s

# The cursor on `guard`: Helix shows the diagnostics of the line.
start "hx -v '$file:14:13'"
expect "the hint appears" 'is held across an' 90
expect "rust-analyzer's error appears" 'cannot be sent between threads safely' 60
sleep 2
shot hint
# Its check says --workspace first, our own says it last.
[ "$(grep -c 'check --workspace' "$CARGO_CALLS")" = 1 ] && [ "$(checks)" = 1 ] && s=0 || s=1
check "rust-analyzer checked once at start-up, Sendlens not at all" $s

tm send-keys Space k
expect "one hover with two pages" '\[[12]/2\]' 15
see | grep -q 'MutexGuard' && s=0 || s=1
check "the first page names the type" $s
shot hover-1
tm send-keys M-n
expect "the other page" '\[2/2\]' 5
shot hover-2
cat "$OUT"/helix-hover-{1,2}.txt | grep -q 'Still alive at the' && s=0 || s=1
check "one of the pages is ours" $s
escape

typed 'goto 16'
tm send-keys g s f . l l
tm send-keys Space k
expect "hover on the await names the value" '`?guard`?' 10
shot await
escape

# Menus are filled when they open: open again until the compiler has accepted the fixes.
open_menu() { # open_menu PATTERN
  for _ in $(seq 20); do
    tm send-keys Space a
    wait_for "$1" 2 && return 0
    escape
  done
  return 1
}
# What explains is the last entry. Without a panel it opens a document.
typed 'goto 40'
tm send-keys g s f '(' l l
open_menu 'Explain why this is not' && s=0 || s=1
check "the menu explains" $s
shot menu-explain
tm send-keys Up Enter
expect "the explanation shows the life of the value" '16 ┿━' 10
shot explain
see | grep -q 'From .tokio::spawn. to the value' && s=0 || s=1
check "and the way from the demand" $s
typed 'buffer-close'
expect "back in the source" 'async fn worker' 5

# Our preferred fix is the first entry, which is selected when the menu opens.
fix() { # fix LINE NAME TITLE
  typed "goto $1"
  tm send-keys w w
  open_menu "$3" && s=0 || s=1
  check "a fix for $2 is in the menu" $s
  shot "menu-$2"
  tm send-keys Enter
  sleep 1
}
fix 30 limit 'Add `Send \+ Sync` to the error'
fix 14 guard 'Enclose `guard`'
shot fixed
n=$(checks)
typed w
gone 'cannot be sent between threads safely|is held across an' 20 && s=0 || s=1
sleep 2
[ $s = 0 ] && gone 'is held across an' 1 || s=1
check "fixed, saved, errors and hints are gone" $s
[ "$(checks)" = $((n + 1)) ] && s=0 || s=1
check "one check for that save ($(($(checks) - n)))" $s
(cd "$WORKSPACE" && "$REAL_CARGO" check -q --all-targets 2>"$home/check.log") && s=0 || s=1
check "cargo check is content with the file" $s

tm send-keys u u
# Marks before the lines show what has come: the hint on 14, rust-analyzer's error on 40.
escape
tm send-keys ':w' Enter
start=$(date +%s%N) hint= error=
for _ in $(seq 1000); do
  screen=$(see) now=$((($(date +%s%N) - start) / 1000000))
  [ -n "$hint" ] || { grep -q '^ *● *14 ' <<<"$screen" && hint=$now; } || true
  [ -n "$error" ] || { grep -q '^ *● *40 ' <<<"$screen" && error=$now; } || true
  [ -z "$hint" ] || [ -z "$error" ] || break
  sleep 0.01
done
echo "       save to rust-analyzer's error, ms: $error; save to hint, ms: $hint"
typed 'goto 14'
expect "broken again, the hint is back" 'is held across an' 20
typed 'lsp-restart sendlens'
expect "restarted, the hint is back" 'is held across an' 20
typed 'q!'
for _ in $(seq 50); do tm has-session 2>/dev/null || break; sleep 0.1; done
tm has-session 2>/dev/null && s=1 || s=0
check "Helix quits" $s

echo "helix: $passed passed, $failed failed"
[ "$failed" = 0 ]
