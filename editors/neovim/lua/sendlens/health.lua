--- `:checkhealth sendlens`.
local M = {}

local health = vim.health

---@param command string[]
---@return string?
local function first_line(command)
  local ok, process = pcall(vim.system, command, { text = true, timeout = 5000 })
  local result = ok and process:wait()
  if not result or result.code ~= 0 then
    return nil
  end
  return vim.split(result.stdout, '\n')[1]
end

local function check_neovim()
  if vim.fn.has('nvim-0.11') == 1 then
    health.ok('Neovim ' .. tostring(vim.version()))
  else
    health.error('Neovim 0.11 or later is needed', { 'Update Neovim: https://neovim.io' })
  end
end

local function check_server()
  local config = vim.lsp.config['sendlens']
  if not config then
    health.error('`lsp/sendlens.lua` is not on the runtime path', {
      'Install the plugin, or copy its `lsp/sendlens.lua` into your configuration folder',
    })
    return
  end
  local program = type(config.cmd) == 'table' and config.cmd[1] or nil
  if not program then
    health.info('The server is started by a function of yours')
    return
  end
  local version = first_line({ program, '--version' })
  if version then
    health.ok(('%s (%s)'):format(version, vim.fn.exepath(program)))
  elseif vim.fn.executable(program) == 1 then
    health.error(('`%s --version` fails'):format(program), { 'Run it in a terminal to see why' })
  else
    health.error(('`%s` is not on the PATH of Neovim'):format(program), {
      'Install it: `cargo install sendlens`',
      "Or say where it is: vim.lsp.config('sendlens', { cmd = { '/path/to/sendlens' } })",
    })
  end
end

local function check_clients()
  local clients = vim.lsp.get_clients({ name = 'sendlens' })
  if #clients == 0 then
    health.info("The server is not running: it starts in Rust buffers after vim.lsp.enable('sendlens')")
  end
  for _, client in ipairs(clients) do
    local version = vim.tbl_get(client, 'server_info', 'version')
    local own = require('sendlens').version
    if version ~= own then
      health.warn(('The server is %s, the plugin is %s'):format(version or 'of no version', own), {
        'Update the older one: `cargo install sendlens` brings the newest server',
      })
    end
    health.ok(('Running in `%s`, encoding %s'):format(client.root_dir or '?', client.offset_encoding))
  end
  local log = require('sendlens').log_file()
  if log then
    health.info('Log: ' .. log)
  end
end

local function check_cargo()
  for _, program in ipairs({ 'cargo', 'rustc' }) do
    local version = first_line({ program, '--version' })
    if version then
      health.ok(version)
    else
      health.error(('`%s` does not run'):format(program), {
        'Install Rust: https://rustup.rs',
        'Or start Neovim with its folder on the PATH',
      })
    end
  end
end

---@param options table what rust-analyzer was told
local function check_flycheck(options)
  if options.checkOnSave == false then
    health.info('rust-analyzer does not check on save: Sendlens runs a check of its own')
  end
  local override = vim.tbl_get(options, 'check', 'overrideCommand')
  if type(override) ~= 'table' then
    return
  end
  local program = vim.fs.basename(override[1] or '')
  if program:match('^sendlens') then
    health.ok('rust-analyzer checks through `sendlens flycheck`')
  else
    health.warn('rust-analyzer runs a check command of yours, that Sendlens does not hear', {
      'Put `sendlens flycheck --` before it: see |sendlens-override|',
    })
  end
end

--- Whether rust-analyzer writes down what its check says: the files lie in the target folder.
---@param root string?
local function check_journal(root)
  local journals = root and vim.fn.glob(root .. '/target/**2/flycheck*/stdout', true, true) or {}
  if #journals > 0 then
    health.ok("rust-analyzer's check is heard: " .. journals[1])
    return
  end
  health.info(
    'No `flycheck*/stdout` in `target`: an older rust-analyzer, or a target folder elsewhere. '
      .. 'Where none is found, Sendlens runs a check of its own.'
  )
end

local function check_rust_analyzer()
  -- rustaceanvim names it with a dash.
  local clients = vim.lsp.get_clients({ name = 'rust_analyzer' })
  vim.list_extend(clients, vim.lsp.get_clients({ name = 'rust-analyzer' }))
  local client = clients[1]
  if not client then
    health.info('rust-analyzer is not running: Sendlens runs a check of its own')
    return
  end
  health.ok('rust-analyzer ' .. (vim.tbl_get(client, 'server_info', 'version') or 'is running'))
  check_journal(client.root_dir)
  check_flycheck(vim.tbl_get(client, 'settings', 'rust-analyzer') or {})
end

function M.check()
  health.start('sendlens')
  check_neovim()
  check_server()
  check_clients()
  health.start('sendlens: the compiler')
  check_cargo()
  health.start('sendlens: rust-analyzer')
  check_rust_analyzer()
end

return M
