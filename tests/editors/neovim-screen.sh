#!/usr/bin/env bash
# Neovim as the user sees it, in a tmux of its own: what neovim.lua checks without a screen.
# Environment: PLUGIN (editors/neovim), WORKSPACE, OUT (for screens).
set -euo pipefail
NAME=neovim-screen COLUMNS=120 LINES=40
. "$(dirname "$0")/screen.sh"

cat >"$home/init.lua" <<'LUA'
vim.opt.runtimepath:prepend(vim.env.PLUGIN)
vim.o.background, vim.o.termguicolors, vim.o.number, vim.o.winborder = 'light', true, true, 'rounded'
vim.lsp.config('rust_analyzer', { cmd = { 'rust-analyzer' }, filetypes = { 'rust' }, root_markers = { 'Cargo.lock' } })
vim.lsp.enable({ 'rust_analyzer', 'sendlens' })
vim.diagnostic.config({ virtual_text = { source = true } })
LUA
start "nvim --clean -u '$home/init.lua' +14 sample/src/main.rs"
keys() { tm send-keys "$@"; sleep 0.3; }

expect "the hint is on the screen" 'sendlens: .guard' 90
keys 0 12 l
expect "the life of the value is drawn" 'guard ends here' 20
# A hover says what is known when it opens: open it again until both servers have all.
for _ in $(seq 15); do
  keys K
  wait_for 'accepted by the compiler' 3 && wait_for '# rust_analyzer' 1 && break
  # Another K would go into the window.
  keys ':silent! fclose!' Enter
done
expect "the hover of both servers is on the screen" 'accepted by the compiler' 1
shot hover
keys ':silent! fclose!' Enter
keys ':Sendlens explain' Enter
expect "the explanation is on the screen" '16 ┿━' 10
shot explain
keys q
keys ':qall!' Enter
for _ in $(seq 50); do tm has-session 2>/dev/null || break; sleep 0.1; done
tm has-session 2>/dev/null && s=1 || s=0
check "Neovim quits" $s

echo "neovim (screen): $passed passed, $failed failed"
[ "$failed" = 0 ]
