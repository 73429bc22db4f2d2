-- The whole integration: `vim.lsp.enable('sendlens')` starts the server in Rust buffers.
-- Change anything with `vim.lsp.config('sendlens', { ... })`.

---@type vim.lsp.Config
return {
  cmd = { 'sendlens', 'serve', '--log', vim.fs.joinpath(vim.fn.stdpath('log'), 'sendlens.log') },
  filetypes = { 'rust' },
  -- The lock file lies where the workspace begins; a package without one is a workspace of its own.
  root_markers = { 'Cargo.lock', 'Cargo.toml' },
  -- A lone file has no cargo package that could be checked.
  workspace_required = true,
}
