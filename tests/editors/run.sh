#!/usr/bin/env bash
# Sendlens in real editors, beside a real rust-analyzer, on tests/fixtures/sample.
#
#   tests/editors/run.sh [neovim] [helix] [vscode]      (all three when none is named)
#
# Installs what it needs into PREFIX (default: ~/.cache/sendlens-editors; about 1 GB; kept for the
# next run) and, as root and only for VS Code, tmux and Chromium from apt. Where the network has no
# mirror of Debian or npm it says so and ends with 0; with EDITORS_REQUIRED=1 it fails instead.
#
#   SENDLENS  the server to test   (default: cargo build, the debug build)
#   OUT       logs and screenshots (default: target/editors)
#   ROUNDS    saves to time        (default: 5)
#   MODES     of Neovim            (default: all that neovim.lua knows)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd -P)
repo=$(cd "$here/../.." && pwd -P)
export PREFIX=${PREFIX:-${XDG_CACHE_HOME:-$HOME/.cache}/sendlens-editors}
OUT=${OUT:-$repo/target/editors}
wanted=${*:-neovim helix vscode}
mkdir -p "$OUT"
rm -f "$OUT"/{neovim-*,helix,vscode*}.log
OUT=$(cd "$OUT" && pwd -P)
export OUT

skip() {
  echo "editors: SKIPPED $*"
  [ "${EDITORS_REQUIRED:-0}" = 1 ] && exit 1
  exit 0
}
# install NAME SECONDS COMMAND..: quiet, bounded; the log says why it failed.
install() {
  local name=$1 seconds=$2 start=$SECONDS
  shift 2
  timeout "$seconds" "$@" >"$OUT/install-$name.log" 2>&1 </dev/null || {
    tail -3 "$OUT/install-$name.log"
    return 1
  }
  echo "installed: $name, $((SECONDS - start)) s"
}
have() { for program; do command -v "$program" >/dev/null || return 1; done; }
has() { [[ " $wanted " == *" $1 "* ]]; }

[ "$(uname -s)" = Linux ] && command -v apt-get >/dev/null || skip "the recipes are for Debian"
install editors 600 "$here/install-editors.sh" || skip "no Debian mirror that serves Neovim, Helix and rust-analyzer"
# apt NAME PACKAGE..: as root, what is missing of the machine's own suite.
apt() {
  local name=$1
  shift
  [ "$(id -u)" = 0 ] && DEBIAN_FRONTEND=noninteractive install "$name" 600 \
    sh -c "apt-get update -qq && apt-get install -y -qq --no-install-recommends $*"
}
if [[ $wanted =~ neovim|helix ]] && ! have tmux; then
  apt tmux tmux || wanted=${wanted/helix/} skipped="${skipped:-} helix, Neovim's screen (no tmux)"
fi
# The packages of the extension, unless the last run has left them.
npm_packages() {
  cd "$repo/editors/vscode"
  cmp -s package-lock.json node_modules/.lock && return
  npm ci --no-audit --no-fund
  cp package-lock.json node_modules/.lock
}
if has vscode; then
  export repo
  export -f npm_packages
  { { have npm || apt npm nodejs npm; } &&
    { have g++ make python3 || apt compilers g++ make python3; } &&
    install vscode 900 "$here/install-vscode.sh" &&
    install npm-packages 300 bash -euc npm_packages; } ||
    wanted=${wanted/vscode/} skipped="${skipped:-} vscode (no npm, or no mirror of it)"
fi
if has vscode; then
  # With the editor's own Node.js, which is new enough. What fails here is our own fault.
  install extension 300 env PATH="$PREFIX/vscode/bin:$PATH" npm --prefix "$repo/editors/vscode" run package
fi

if [ -z "${SENDLENS:-}" ]; then
  (cd "$repo" && cargo build --quiet)
  SENDLENS=$(cd "$repo" && cargo metadata --no-deps --format-version 1 | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/debug/sendlens
fi

# A user's machine: the server and a counting cargo on the PATH, nothing kept under the home folder.
REAL_CARGO=$(command -v cargo)
W=$(mktemp -d)
code=
# The editor runs in a process group of its own.
stop_vscode() {
  [ -n "$code" ] || return 0
  kill -- -"$code" 2>/dev/null || true
  for _ in $(seq 50); do kill -0 -- -"$code" 2>/dev/null || break; sleep 0.1; done
  code=
}
trap 'stop_vscode; rm -rf "$W"' EXIT
mkdir -p "$W/bin" "$W/ws" "$W/xdg"
cp "$SENDLENS" "$W/bin/sendlens"
cp "$here/cargo-shim.sh" "$W/bin/cargo"
chmod +x "$W/bin/cargo"
cp -r "$repo"/tests/fixtures/{Cargo.toml,Cargo.lock,sample} "$W/ws/"
# Other members are not copied.
sed -i 's/^members = .*/members = ["sample"]/' "$W/ws/Cargo.toml"
(cd "$W/ws" && cargo check --quiet --workspace --all-targets >/dev/null 2>&1) || true
[ -d "$W/ws/target/debug/deps" ] || skip "no registry that serves tokio"
cp "$W/ws/Cargo.lock" "$W/Cargo.lock"

export SENDLENS=$W/bin/sendlens REAL_CARGO WORKSPACE=$W/ws CARGO_CALLS=$W/calls PATH=$W/bin:$PREFIX/bin:$PATH
export XDG_STATE_HOME=$W/xdg XDG_CACHE_HOME=$W/xdg XDG_CONFIG_HOME=$W/xdg XDG_DATA_HOME=$W/xdg
failed=
# run NAME SECONDS COMMAND..: on a fresh sample, as rust-analyzer finds it on its first day.
run() {
  local name=$1 seconds=$2 start=$SECONDS
  shift 2
  cp "$repo/tests/fixtures/sample/src/main.rs" "$WORKSPACE/sample/src/main.rs"
  rm -rf "$WORKSPACE"/target/flycheck*
  : >"$CARGO_CALLS"
  printf '\n== %s\n' "$name"
  local status=0
  timeout "$seconds" "$@" 2>"$OUT/$name.err" </dev/null | tee "$OUT/$name.log" || status=$?
  cp "$CARGO_CALLS" "$OUT/$name.cargo"
  echo "$name: $((SECONDS - start)) s"
  return $status
}
# twice NAME COMMAND..: a run that fails is shown and repeated once: a busy machine makes editors
# slower than anybody waits.
twice() {
  local name=$1
  shift
  "$@" && return
  printf '\n%s failed: once more\n' "$name"
  mv "$OUT/$name.log" "$OUT/$name.first"
  "$@" || failed="$failed $name"
}
neovim() { # neovim MODE
  rm -rf "$W/plugin-$1"
  cp -r "$repo/editors/neovim" "$W/plugin-$1"
  MODE=$1 PLUGIN=$W/plugin-$1 run "neovim-$1" 300 nvim --headless --clean -u "$here/neovim.lua"
}
if has neovim; then
  for mode in ${MODES:-beside alone tee untrusted silent unheard missing}; do
    twice "neovim-$mode" neovim "$mode"
  done
  if have tmux; then
    export PLUGIN=$repo/editors/neovim
    twice neovim-screen run neovim-screen 180 "$here/neovim-screen.sh"
  fi
fi
if has helix; then
  export LANGUAGES=$repo/editors/helix/languages.toml
  twice helix run helix 240 "$here/helix.sh"
fi
drive_vscode() { # drive_vscode NAME [untrusted]
  local vscode=$repo/editors/vscode status=0 mode=${2:-}
  rm -rf "$W/ra" "$W/data"
  cp -r "$here/rust-analyzer-vsix" "$W/ra"
  (cd "$W/ra" && NODE_PATH=$vscode/node_modules "$vscode/node_modules/.bin/esbuild" extension.js --bundle \
    --platform=node --external:vscode --outfile=extension.bundle.js --log-level=error &&
    "$vscode/node_modules/.bin/vsce" package --no-dependencies --allow-missing-repository --skip-license --out ra.vsix >/dev/null)
  "$here/start-vscode.sh" "$WORKSPACE" --data "$W/data" ${mode:+--$mode} "$vscode/sendlens.vsix" "$W/ra/ra.vsix" >"$W/vscode.env"
  code=$(sed -n 's/^pid=//p' "$W/vscode.env")
  run "$1" 300 "$PREFIX/vscode/bin/node" "$here/vscode.mjs" "$(sed -n 's/^url=//p' "$W/vscode.env")" "$OUT" \
    "$W/data/Machine/settings.json" $mode || status=$?
  stop_vscode
  return $status
}
if has vscode; then
  twice vscode drive_vscode vscode
  twice vscode-untrusted drive_vscode vscode-untrusted untrusted
fi

if [ -x "$PREFIX/vscode/bin/node" ] && ls "$OUT"/*.ansi >/dev/null 2>&1; then
  "$PREFIX/vscode/bin/node" "$here/terminal-shot.mjs" "$OUT"/*.ansi 2>"$OUT/terminal-shot.err" || echo "no pictures of terminals"
fi

printf '\n== editors\n'
cat "$PREFIX/versions.txt"
[ ! -e "$repo/editors/vscode/sendlens.vsix" ] || ls -l "$repo/editors/vscode/sendlens.vsix" | awk '{print "sendlens.vsix " $5 " bytes"}'
grep -h ' passed, ' "$OUT"/{neovim-*,helix,vscode*}.log 2>/dev/null || true
awk '/ passed, / {p += $(NF-3); f += $(NF-1)} END {printf "all editors: %d passed, %d failed\n", p, f}' "$OUT"/{neovim-*,helix,vscode*}.log 2>/dev/null || true
if [ -n "${skipped:-}" ]; then
  echo "editors: SKIPPED${skipped}"
  [ "${EDITORS_REQUIRED:-0}" = 0 ] || failed="$failed${skipped}"
fi
[ -z "$failed" ] || { echo "failed:$failed"; exit 1; }
