-- The whole integration: `vim.lsp.enable('sendlens')` starts the server in Rust buffers.
-- Change anything with `vim.lsp.config('sendlens', { ... })`.

local EXPLAIN = 'sendlens.explain'

---@type vim.lsp.Config
return {
  cmd = { 'sendlens', 'serve', '--log', vim.fs.joinpath(vim.fn.stdpath('log'), 'sendlens.log') },
  filetypes = { 'rust' },
  -- The lock file lies where the workspace begins; a package without one is a workspace of its own.
  root_markers = { 'Cargo.lock', 'Cargo.toml' },
  -- A lone file has no cargo package that could be checked.
  workspace_required = true,
  -- The menu and the lenses have a command that explains: it is here.
  capabilities = vim.tbl_deep_extend('force', vim.lsp.protocol.make_client_capabilities(), {
    experimental = { commands = { commands = { EXPLAIN } } },
  }),
  commands = {
    [EXPLAIN] = function(command)
      local uri, position = unpack(command.arguments or {})
      require('sendlens').explain(uri, position)
    end,
  },
}
