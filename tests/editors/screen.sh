# Sourced by the scripts that drive an editor in a terminal: a tmux of its own, what its screen
# shows, and what is expected of it. Environment: OUT (for screens), NAME (of this run).

S=sendlens-$NAME-$$
home=$(mktemp -d)
tm() { tmux -L "$S" "$@"; }
trap 'tm kill-server 2>/dev/null || true; rm -rf "$home"' EXIT
mkdir -p "$OUT"

passed=0 failed=0
see() { tm capture-pane -p; }
# As text to read, and with colours, to be made a picture of.
shot() {
  see >"$OUT/$NAME-$1.txt"
  tm capture-pane -e -p >"$OUT/$NAME-$1.ansi"
}
check() { # check WHAT STATUS
  if [ "$2" = 0 ]; then passed=$((passed + 1)) && echo "ok     $1"; else
    failed=$((failed + 1)) && echo "FAILED $1" && see
  fi
}
wait_for() { # wait_for PATTERN SECONDS
  local end=$((SECONDS + $2))
  until see | grep -qE -- "$1"; do
    [ $SECONDS -lt $end ] || return 1
    sleep 0.05
  done
}
gone() { # gone PATTERN SECONDS
  local end=$((SECONDS + $2))
  while see | grep -qE -- "$1"; do
    [ $SECONDS -lt $end ] || return 1
    sleep 0.05
  done
}
expect() { wait_for "$2" "$3" && check "$1" 0 || check "$1" 1; }
# start COMMAND: the editor, in the workspace.
start() {
  tm -f /dev/null new-session -d -x "${COLUMNS:-170}" -y "${LINES:-50}" -c "$WORKSPACE" "$1"
  tm set-option -g escape-time 0 >/dev/null
  tm set-option -ga terminal-features ',*:RGB' >/dev/null
}
